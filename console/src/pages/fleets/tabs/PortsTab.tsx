import { useState } from 'react';
import type { InboundPermission } from '../../../api/types';
import { useApi } from '../../../hooks/api';
import { useText } from '../../../i18n';
import { Note } from '../../../ui/Bits';
import { ActionButton } from '../../../ui/Button';
import { ErrorBox } from '../../../ui/ErrorBox';
import { FormModal } from '../../../ui/FormModal';
import { Card, Empty } from '../../../ui/Page';
import { Table } from '../../../ui/Table';
import { PortFields } from '../PortFields';
import { portProblem } from '../ports';

const key = (rule: InboundPermission) => `${rule.Protocol} ${rule.FromPort}-${rule.ToPort} ${rule.IpRange}`;

export function PortsTab({ fleetId }: { fleetId: string }) {
  const text = useText();
  const ports = useApi('DescribeFleetPortSettings', { FleetId: fleetId });
  const [open, setOpen] = useState(false);
  const rules = ports.data?.InboundPermissions ?? [];
  return (
    <Card
      title={text.port.rules}
      actions={
        <ActionButton size="small" disabled={!ports.data} onClick={() => setOpen(true)}>
          {text.common.modify}
        </ActionButton>
      }
    >
      {ports.error && <ErrorBox error={ports.error} />}
      <Table
        label={text.port.rules}
        rows={rules.map((rule) => ({ ...rule, id: key(rule) }))}
        rowKey="id"
        loading={ports.isPending}
        empty={<Empty title={text.port.none} />}
        columns={[
          { key: 'ports', title: text.port.ports, render: (rule) => `${rule.FromPort} – ${rule.ToPort}` },
          { key: 'protocol', title: text.port.protocol, render: (rule) => rule.Protocol },
          { key: 'range', title: text.port.ipRange, render: (rule) => <code>{rule.IpRange}</code> },
        ]}
      />
      {open && <Edit fleetId={fleetId} rules={rules} onClose={() => setOpen(false)} />}
    </Card>
  );
}

function Edit({ fleetId, rules, onClose }: { fleetId: string; rules: InboundPermission[]; onClose: () => void }) {
  const text = useText();
  const [next, setNext] = useState(rules);
  return (
    <FormModal
      wide
      title={text.port.modifyTitle}
      done={text.common.saved}
      problem={portProblem(next, text)}
      onClose={onClose}
      work={async (run) => {
        const before = new Set(rules.map(key));
        const after = new Set(next.map(key));
        await run('UpdateFleetPortSettings', {
          FleetId: fleetId,
          InboundPermissionAuthorizations: next.filter((rule) => !before.has(key(rule))),
          InboundPermissionRevocations: rules.filter((rule) => !after.has(key(rule))),
        });
      }}
    >
      <Note>{text.port.modifyAffects}</Note>
      <PortFields rules={next} onChange={setNext} />
    </FormModal>
  );
}
