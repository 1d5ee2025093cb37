import { useState } from 'react';
import type { TimerScalingPolicy } from '../../../api/types';
import { useApi } from '../../../hooks/api';
import { useText } from '../../../i18n';
import { timerTimes } from '../../../lib/offset-time';
import { ActionButton } from '../../../ui/Button';
import { Confirm } from '../../../ui/Confirm';
import { ErrorBox } from '../../../ui/ErrorBox';
import { Card, Empty } from '../../../ui/Page';
import { type Column, Table } from '../../../ui/Table';
import { bufferOf } from './BufferFields';
import { TimerForm } from './TimerForm';

type Row = TimerScalingPolicy & { id: string };
type Open = { kind: 'add' } | { kind: 'modify' | 'delete'; timer: TimerScalingPolicy } | null;

export function Timers({ fleetId }: { fleetId: string }) {
  const text = useText();
  const [open, setOpen] = useState<Open>(null);
  const timers = useApi('DescribeTimerScalingPolicies', { FleetId: fleetId, Limit: 100, Offset: 0 });
  const rows: Row[] = (timers.data?.TimerScalingPolicies ?? []).map((timer) => ({ ...timer, id: timer.TimerId ?? '' }));
  const kinds: Record<string, string | undefined> = text.timer.kinds;
  const states: Record<string, string | undefined> = text.timer.states;
  const columns: Column<Row>[] = [
    { key: 'name', title: text.common.name, render: (timer) => timer.TimerName },
    { key: 'state', title: text.common.status, width: 120, render: (timer) => states[String(timer.TimerStatus)] ?? '–' },
    {
      key: 'when',
      title: text.timer.when,
      width: 340,
      render: ({ TimerConfiguration: when }) =>
        `${kinds[String(when?.TimerType)] ?? ''} · ${timerTimes(when?.BeginTime, when?.EndTime)}`,
    },
    {
      key: 'what',
      title: text.timer.sets,
      width: 220,
      render: ({ TimerFleetCapacity: what }) => {
        const { percent, free, keepOne } = bufferOf(what?.TargetConfiguration);
        return (
          <div className="two-lines">
            <span>{text.timer.setsValue(what?.MinSize ?? 0, what?.MaxSize ?? 0, what?.DesiredInstances ?? 0)}</span>
            {percent !== null && (
              <span className="quiet">
                {text.fleet.buffer} {text.scaling.bufferValue(percent, free ?? 0, keepOne)}
              </span>
            )}
          </div>
        );
      },
    },
    {
      key: 'actions',
      title: text.common.actions,
      width: 150,
      render: (timer) => (
        <div className="actions">
          <ActionButton kind="link" onClick={() => setOpen({ kind: 'modify', timer })}>
            {text.common.modify}
          </ActionButton>
          <ActionButton kind="danger-link" onClick={() => setOpen({ kind: 'delete', timer })}>
            {text.common.delete}
          </ActionButton>
        </div>
      ),
    },
  ];
  return (
    <Card
      title={text.timer.title}
      actions={
        <ActionButton size="small" onClick={() => setOpen({ kind: 'add' })}>
          {text.timer.add}
        </ActionButton>
      }
    >
      {timers.error && <ErrorBox error={timers.error} />}
      <Table label={text.timer.title} rows={rows} columns={columns} rowKey="id" loading={timers.isPending} empty={<Empty title={text.timer.none}>{text.timer.noneLong}</Empty>} />
      {open?.kind === 'add' && <TimerForm fleetId={fleetId} onClose={() => setOpen(null)} />}
      {open?.kind === 'modify' && <TimerForm fleetId={fleetId} timer={open.timer} onClose={() => setOpen(null)} />}
      {open?.kind === 'delete' && (
        <Confirm
          title={text.timer.deleteTitle(open.timer.TimerName ?? '')}
          confirm={text.common.delete}
          danger
          done={text.common.deleted}
          onClose={() => setOpen(null)}
          work={async (run) => {
            await run('DeleteTimerScalingPolicy', { TimerId: open.timer.TimerId ?? '', FleetId: fleetId });
          }}
        >
          <p>{text.timer.deleteAffects}</p>
        </Confirm>
      )}
    </Card>
  );
}
