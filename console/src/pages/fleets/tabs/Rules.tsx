import { useState } from 'react';
import type { ScalingPolicy } from '../../../api/types';
import { useText } from '../../../i18n';
import { Status } from '../../../ui/Bits';
import { ActionButton } from '../../../ui/Button';
import { Confirm } from '../../../ui/Confirm';
import { NumberField, SelectField, TextField } from '../../../ui/Field';
import { FormModal } from '../../../ui/FormModal';
import { Card, Empty } from '../../../ui/Page';
import { type Column, Table } from '../../../ui/Table';

const kMetrics = [
  'AvailableGameServerSessions',
  'PercentAvailableGameServerSessions',
  'AvailableCustomCount',
  'PercentAvailableCustomCount',
  'ActiveInstances',
  'IdleInstances',
  'CurrentPlayerSessions',
  'PercentIdleInstances',
];

export function Rules({ fleetId, policies }: { fleetId: string; policies: ScalingPolicy[] }) {
  const text = useText();
  const [open, setOpen] = useState<'add' | ScalingPolicy | null>(null);
  const add = (
    <ActionButton size="small" onClick={() => setOpen('add')}>
      {text.scaling.addRule}
    </ActionButton>
  );
  const columns: Column<ScalingPolicy>[] = [
    { key: 'name', title: text.common.name, render: (policy) => policy.Name },
    {
      key: 'rule',
      title: text.scaling.rule,
      width: 380,
      render: (policy) => (
        <code>
          {policy.MetricName} {policy.ComparisonOperator} {policy.Threshold} · {policy.EvaluationPeriods} min → {policy.ScalingAdjustmentType} {policy.ScalingAdjustment}
        </code>
      ),
    },
    { key: 'status', title: text.common.status, width: 110, render: (policy) => <Status value={policy.Status} /> },
    {
      key: 'actions',
      title: text.common.actions,
      width: 100,
      render: (policy) => (
        <ActionButton kind="danger-link" onClick={() => setOpen(policy)}>
          {text.common.delete}
        </ActionButton>
      ),
    },
  ];
  return (
    <Card title={text.scaling.rules} actions={add}>
      <Table label={text.scaling.rules} rows={policies} columns={columns} rowKey="Name" empty={<Empty title={text.scaling.noRules}>{text.scaling.noRulesLong}</Empty>} />
      {open === 'add' && <RuleForm fleetId={fleetId} onClose={() => setOpen(null)} />}
      {open && open !== 'add' && (
        <Confirm
          title={text.scaling.deleteRule(open.Name)}
          confirm={text.common.delete}
          danger
          done={text.common.deleted}
          onClose={() => setOpen(null)}
          work={async (run) => {
            await run('DeleteScalingPolicy', { FleetId: fleetId, Name: open.Name });
          }}
        >
          <p>{text.scaling.deleteRuleAffects}</p>
        </Confirm>
      )}
    </Card>
  );
}

function RuleForm({ fleetId, onClose }: { fleetId: string; onClose: () => void }) {
  const text = useText();
  const [name, setName] = useState('');
  const [metric, setMetric] = useState(kMetrics[0]!);
  const [operator, setOperator] = useState('<');
  const [threshold, setThreshold] = useState<number | null>(5);
  const [periods, setPeriods] = useState<number | null>(3);
  const [type, setType] = useState('ChangeInCapacity');
  const [adjustment, setAdjustment] = useState<number | null>(1);
  const problem = !name ? text.alias.needsName : threshold === null || periods === null || periods < 1 || adjustment === null ? text.scaling.rangeProblem : null;
  return (
    <FormModal
      title={text.scaling.addRule}
      done={text.common.saved}
      problem={problem}
      onClose={onClose}
      work={async (run) => {
        await run('PutScalingPolicy', {
          FleetId: fleetId,
          Name: name,
          PolicyType: 'RuleBased',
          MetricName: metric,
          ComparisonOperator: operator,
          Threshold: threshold ?? 0,
          EvaluationPeriods: periods ?? 1,
          ScalingAdjustmentType: type,
          ScalingAdjustment: adjustment ?? 1,
        });
      }}
    >
      <TextField label={text.common.name} required value={name} onChange={setName} />
      <div className="row">
        <SelectField label={text.scaling.metric} value={metric} onChange={setMetric} options={kMetrics.map((value) => ({ value, label: value }))} />
        <SelectField label={text.scaling.comparison} value={operator} onChange={setOperator} options={['<', '<=', '>', '>='].map((value) => ({ value, label: value }))} />
        <NumberField label={text.scaling.threshold} value={threshold} onChange={setThreshold} />
      </div>
      <div className="row">
        <NumberField label={text.scaling.periods} value={periods} onChange={setPeriods} unit={text.common.minutes} />
        <SelectField
          label={text.scaling.adjustmentType}
          value={type}
          onChange={setType}
          options={Object.entries(text.scaling.adjustments).map(([value, label]) => ({ value, label }))}
        />
        <NumberField label={text.scaling.adjustment} value={adjustment} onChange={setAdjustment} />
      </div>
    </FormModal>
  );
}
