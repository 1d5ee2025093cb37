import { useState } from 'react';
import type { DrainingInstance } from '../../api/types';
import { useNow } from '../../hooks/clock';
import { useText } from '../../i18n';
import { emptyIn } from '../../lib/drain';
import { Fact, Facts, Id, Status, Time } from '../../ui/Bits';
import { ErrorBox } from '../../ui/ErrorBox';
import { Card, Empty } from '../../ui/Page';
import { type Column, Pager, Table } from '../../ui/Table';
import { Outlook, useFleetDrain } from './Outlook';

const kPage = 10;

/** How far a fleet is that runs empty, and when it will be done, by instance. */
export function DrainCard({ fleetId }: { fleetId: string }) {
  const text = useText();
  const now = useNow(1000);
  const [offset, setOffset] = useState(0);
  const read = useFleetDrain(fleetId, kPage, offset);
  const drain = read.data?.FleetDrain;
  const columns: Column<DrainingInstance>[] = [
    { key: 'id', title: text.instance.id, width: 180, render: (one) => <Id value={one.InstanceId} /> },
    { key: 'status', title: text.common.status, width: 100, render: (one) => <Status value={one.Status} /> },
    { key: 'load', title: `${text.fleet.sessions} / ${text.fleet.players}`, width: 130, render: (one) => `${one.GameServerSessionCount} / ${one.PlayerSessionCount}` },
    { key: 'told', title: text.drain.told, width: 100, align: 'right', render: (one) => one.ProcessesToldToEnd },
    { key: 'likely', title: text.drain.likely, width: 165, render: (one) => <Time value={one.EstimatedTime} /> },
    { key: 'p90', title: text.drain.p90, width: 165, render: (one) => <Time value={one.EstimatedTimeP90} /> },
    { key: 'latest', title: text.drain.latest, width: 165, render: (one) => <Time value={one.LatestTime} /> },
  ];
  const options = drain ? [drain.DenyJoins && text.drain.joinsDenied, drain.DeleteWhenEmpty && text.drain.deletes].filter(Boolean).join(', ') : '';
  return (
    <Card title={text.status.DRAINING}>
      {read.error && <ErrorBox error={read.error} />}
      {drain && (
        <>
          <p className="quiet">
            {text.drain.sentence({
              drained: drain.Status === 'DRAINED',
              draining: drain.Status === 'DRAINING',
              sessions: drain.GameServerSessionCount,
              instances: drain.InstanceCount,
              samples: drain.SessionLengthSamples,
              estimated: drain.EstimatedTime !== null,
              forced: drain.LatestTime !== null,
            })}
          </p>
          <div className="figures" role="status">
            {drain.Status !== 'DRAINED' && <Outlook label={text.drain.likely} empty={emptyIn(drain, now, null)} samples={drain.SessionLengthSamples} draining />}
          </div>
          <Facts>
            <Fact label={text.drain.left}>{text.drain.leftValue(drain.GameServerSessionCount, drain.PlayerSessionCount, drain.InstanceCount)}</Fact>
            <Fact label={text.drain.since}>
              <Time value={drain.StartTime} />
            </Fact>
            <Fact label={text.drain.deadlineAt}>{drain.DeadlineTime ? <Time value={drain.DeadlineTime} /> : text.drain.never}</Fact>
            <Fact label={text.drain.options}>{options || '–'}</Fact>
          </Facts>
        </>
      )}
      <Table label={text.drain.instances} rows={read.data?.Instances ?? []} columns={columns} rowKey="InstanceId" loading={read.isPending} empty={!read.error && <Empty title={text.drain.none} />} />
      <Pager offset={offset} size={kPage} total={read.data?.TotalCount ?? 0} onOffset={setOffset} />
    </Card>
  );
}
