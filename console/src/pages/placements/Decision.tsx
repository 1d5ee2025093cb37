import type { PlacementDestination } from '../../api/types';
import { Link, to } from '../../app/router';
import { useApi } from '../../hooks/api';
import { useText } from '../../i18n';
import { parseArn } from '../../lib/arn';
import { ErrorBox } from '../../ui/ErrorBox';
import { Card, Empty } from '../../ui/Page';
import { type Column, Table } from '../../ui/Table';
import { Status } from '../../ui/Bits';

/** Why a placement went where it did. Left out where the server does not tell. */
export function Decision({ placementId }: { placementId: string }) {
  const text = useText();
  const decision = useApi('DescribePlacementDecision', { PlacementId: placementId }, { every: 3000 });
  if (decision.missing) return null;
  const reasons: Record<string, string | undefined> = text.placement.reasons;
  const rows = (decision.data?.Decision.Destinations ?? []).map((one, index) => ({ ...one, id: `${index} ${one.DestinationArn}` }));
  const columns: Column<PlacementDestination & { id: string }>[] = [
    {
      key: 'target',
      title: text.placement.destination,
      width: 230,
      render: (one) => (
        <div className="two-lines">
          <code>{parseArn(one.DestinationArn)?.id ?? one.DestinationArn}</code>
          <span className="quiet">
            {one.Region} {one.FleetId && <Link to={to('fleets', one.FleetId)}>{one.FleetId}</Link>}
          </span>
        </div>
      ),
    },
    { key: 'reason', title: text.placement.reason, width: 120, render: (one) => <strong className={one.Reason === 'CHOSEN' ? 'good' : undefined}>{reasons[one.Reason] ?? one.Reason}</strong> },
    { key: 'message', title: text.fleet.eventMessage, width: 310, render: (one) => <span className="wrap">{one.Message}</span> },
    {
      key: 'latency',
      title: text.placement.latency,
      width: 120,
      align: 'right',
      render: (one) => (one.LatencyInMilliseconds === null ? '–' : `${one.LatencyInMilliseconds}${one.MaximumLatencyInMilliseconds ? ` / ${one.MaximumLatencyInMilliseconds}` : ''} ms`),
    },
    { key: 'processes', title: text.placement.idle, width: 110, align: 'right', render: (one) => `${one.IdleProcesses} / ${one.ActiveProcesses}` },
    { key: 'instances', title: text.fleet.instances, width: 130, align: 'right', render: (one) => `${one.ActiveInstances} (+${one.StartingInstances}) / ${one.MaximumInstances}` },
  ];
  return (
    <Card title={text.placement.why}>
      {decision.error && <ErrorBox error={decision.error} />}
      {decision.data && (
        <p className="inline">
          <Status value={decision.data.Decision.Outcome} /> {decision.data.Decision.Message}
        </p>
      )}
      <Table label={text.placement.why} rows={rows} columns={columns} rowKey="id" loading={decision.isPending} empty={<Empty title={text.placement.noDecision} />} />
    </Card>
  );
}
