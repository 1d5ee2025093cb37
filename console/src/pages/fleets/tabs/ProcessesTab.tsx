import { useState } from 'react';
import type { RuntimeConfiguration } from '../../../api/types';
import { useText } from '../../../i18n';
import { Fact, Facts } from '../../../ui/Bits';
import { ActionButton } from '../../../ui/Button';
import { FormModal } from '../../../ui/FormModal';
import { Card, Empty } from '../../../ui/Page';
import { Table } from '../../../ui/Table';
import { Note } from '../../../ui/Bits';
import { runtimeProblem } from '../runtime';
import { RuntimeFields } from '../RuntimeFields';
import { LiveProcesses } from './LiveProcesses';

export function ProcessesTab({ fleetId, runtime }: { fleetId: string; runtime: RuntimeConfiguration | undefined }) {
  const text = useText();
  const [open, setOpen] = useState(false);
  const rows = (runtime?.ServerProcesses ?? []).map((one, index) => ({ ...one, id: String(index) }));
  return (
    <>
      <Card
        title={text.process.configuration}
        actions={
          <ActionButton size="small" disabled={!runtime} onClick={() => setOpen(true)}>
            {text.common.modify}
          </ActionButton>
        }
      >
        <Facts>
          <Fact label={text.process.activationTimeout}>{text.process.seconds(runtime?.GameServerSessionActivationTimeoutSeconds ?? 0)}</Fact>
          <Fact label={text.process.maxActivations}>
            {runtime?.MaxConcurrentGameServerSessionActivations || text.fleet.unlimited}
          </Fact>
        </Facts>
        <Table
          label={text.process.configuration}
          rows={rows}
          rowKey="id"
          empty={<Empty title={text.common.nothingFound} />}
          columns={[
            { key: 'path', title: text.process.path, width: 300, render: (one) => <code>{one.LaunchPath}</code> },
            { key: 'parameters', title: text.process.parameters, width: 300, render: (one) => <code>{one.Parameters || '–'}</code> },
            { key: 'count', title: text.process.concurrent, width: 140, align: 'right', render: (one) => one.ConcurrentExecutions },
          ]}
        />
      </Card>
      <LiveProcesses fleetId={fleetId} />
      {open && runtime && <Edit fleetId={fleetId} runtime={runtime} onClose={() => setOpen(false)} />}
    </>
  );
}

function Edit({ fleetId, runtime, onClose }: { fleetId: string; runtime: RuntimeConfiguration; onClose: () => void }) {
  const text = useText();
  const [value, setValue] = useState(runtime);
  return (
    <FormModal
      wide
      title={text.process.modifyTitle}
      done={text.common.saved}
      problem={runtimeProblem(value, text)}
      onClose={onClose}
      work={async (run) => {
        await run('UpdateRuntimeConfiguration', { FleetId: fleetId, RuntimeConfiguration: value });
      }}
    >
      <Note>{text.process.modifyAffects}</Note>
      <RuntimeFields value={value} onChange={setValue} />
    </FormModal>
  );
}
