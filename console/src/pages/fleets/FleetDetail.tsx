import { useState } from 'react';
import { go, Link, to, withQuery } from '../../app/router';
import { useFleet } from '../../hooks/fleets';
import { useText } from '../../i18n';
import { Figure, FleetStatus, Meter } from '../../ui/Bits';
import { ActionButton, Button } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';
import { Page } from '../../ui/Page';
import { Tabs } from '../../ui/Tabs';
import { CopyFleet } from './CopyFleet';
import { DeleteFleet } from './DeleteFleet';
import { DrainCard } from './DrainCard';
import { DrainFleet, UndrainFleet } from './DrainFleet';
import { AssetTab } from './tabs/AssetTab';
import { BasicTab } from './tabs/BasicTab';
import { EventsTab } from './tabs/EventsTab';
import { InstancesTab } from './tabs/InstancesTab';
import { PortsTab } from './tabs/PortsTab';
import { ProcessesTab } from './tabs/ProcessesTab';
import { ScalingTab } from './tabs/ScalingTab';
import { SessionsTab } from './tabs/SessionsTab';

const kTabs = ['basic', 'events', 'instances', 'scaling', 'sessions', 'processes', 'ports', 'package'] as const;
const kGone = ['DELETING', 'TERMINATED'];

export default function FleetDetail({ fleetId, tab, query }: { fleetId: string; tab: string; query: URLSearchParams }) {
  const text = useText();
  const fleet = useFleet(fleetId);
  const [open, setOpen] = useState<'copy' | 'delete' | 'drain' | 'undrain' | null>(null);
  const attributes = fleet.attributes;
  const back = <Link to="/fleets">← {text.menu.fleets}</Link>;
  if (!attributes) {
    return (
      <Page title={fleetId} back={back}>
        {fleet.error ? <ErrorBox error={fleet.error} /> : !fleet.loading && <p>{text.fleet.gone}</p>}
      </Page>
    );
  }
  const counts = fleet.capacity?.InstanceCounts;
  return (
    <Page
      title={attributes.Name}
      lead={
        <span className="inline" aria-live="polite">
          <FleetStatus fleet={attributes} /> <code>{fleetId}</code>
        </span>
      }
      back={back}
      actions={
        <>
          <Button onClick={() => go(withQuery('/monitoring', { type: 'FLEET', id: fleetId }))}>{text.fleet.monitor}</Button>
          <ActionButton onClick={() => setOpen('copy')}>{text.common.copyVerb}</ActionButton>
          {attributes.Draining ? (
            <>
              <ActionButton onClick={() => setOpen('drain')}>{text.drain.again}</ActionButton>
              <ActionButton onClick={() => setOpen('undrain')}>{text.drain.undrain}</ActionButton>
            </>
          ) : (
            !kGone.includes(attributes.Status) && <ActionButton onClick={() => setOpen('drain')}>{text.drain.drain}</ActionButton>
          )}
          <ActionButton kind="danger" onClick={() => setOpen('delete')}>
            {text.common.delete}
          </ActionButton>
        </>
      }
    >
      <div className="figures">
        <Figure
          label={text.fleet.instances}
          value={counts ? `${counts.Active}/${counts.Desired}` : '–'}
          hint={counts && text.fleet.instancesLong(counts.MiniNum, counts.MaxiNum)}
        />
        <Figure
          label={text.fleet.sessions}
          value={
            <Meter
              label={text.fleet.sessions}
              part={fleet.utilization?.ActiveGameServerSessionCount ?? 0}
              whole={fleet.utilization?.ActiveServerProcessCount ?? 0}
            />
          }
          hint={text.fleet.sessionsHint}
        />
        <Figure
          label={text.fleet.players}
          value={fleet.utilization?.CurrentPlayerSessionCount ?? 0}
          hint={text.fleet.playersHint(fleet.utilization?.MaximumPlayerSessionCount ?? 0)}
        />
        <Figure label={text.fleet.buffer} value={fleet.buffer === null ? '–' : `${fleet.buffer} %`} hint={text.fleet.bufferHint} />
      </div>
      {attributes.Draining && <DrainCard fleetId={fleetId} />}
      <Tabs
        label={attributes.Name}
        current={tab}
        tabs={kTabs.map((id) => ({ id, label: text.fleet.tabs[id], to: to('fleets', fleetId, id) }))}
      />
      {tab === 'basic' && <BasicTab fleet={attributes} />}
      {tab === 'events' && <EventsTab fleetId={fleetId} />}
      {tab === 'instances' && <InstancesTab fleetId={fleetId} />}
      {tab === 'scaling' && <ScalingTab fleetId={fleetId} view={fleet} />}
      {tab === 'sessions' && <SessionsTab fleetId={fleetId} selected={query.get('session')} />}
      {tab === 'processes' && <ProcessesTab fleetId={fleetId} runtime={fleet.runtime} />}
      {tab === 'ports' && <PortsTab fleetId={fleetId} />}
      {tab === 'package' && <AssetTab assetId={attributes.AssetId} />}
      {open === 'copy' && <CopyFleet fleet={attributes} onClose={() => setOpen(null)} />}
      {open === 'drain' && <DrainFleet fleet={attributes} onClose={() => setOpen(null)} />}
      {open === 'undrain' && <UndrainFleet fleet={attributes} onClose={() => setOpen(null)} />}
      {open === 'delete' && (
        <DeleteFleet
          fleet={{ attributes, capacity: fleet.capacity, utilization: fleet.utilization }}
          onClose={() => setOpen(null)}
          onDone={() => go('/fleets')}
        />
      )}
    </Page>
  );
}
