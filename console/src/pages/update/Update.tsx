import { useEffect, useState } from 'react';
import type { PageProps } from '../../app/Routes';
import { go, Link, replace, to, withQuery } from '../../app/router';
import { useSubmit } from '../../hooks/api';
import { type FleetView, useFleet, useFleetNames } from '../../hooks/fleets';
import { useAll } from '../../hooks/lists';
import { useText } from '../../i18n';
import { judge, type Load } from '../../lib/carry';
import { Note } from '../../ui/Bits';
import { ActionButton } from '../../ui/Button';
import { Confirm } from '../../ui/Confirm';
import { ErrorBox } from '../../ui/ErrorBox';
import { SelectField } from '../../ui/Field';
import { Card, Empty, Page } from '../../ui/Page';
import { useToast } from '../../ui/Toast';
import { DrainFleet, UndrainFleet } from '../fleets/DrainFleet';
import { Drain } from './Drain';
import { FleetPanel } from './FleetPanel';
import { VerdictNote } from './VerdictNote';

function loadOf(view: FleetView): Load {
  const counts = view.capacity?.InstanceCounts;
  return {
    status: view.attributes?.Status ?? '',
    draining: view.attributes?.Draining ?? false,
    sessions: view.utilization?.ActiveGameServerSessionCount ?? 0,
    activeInstances: counts?.Active ?? 0,
    desiredInstances: counts?.Desired ?? 0,
    maxInstances: counts?.MaxiNum ?? 0,
    perInstance: view.perInstance,
    buffer: view.buffer,
    automatic: !view.attributes?.StoppedActions.includes('AUTO_SCALING'),
  };
}

/**
 * The update without downtime: the old fleet and the new one side by side, the alias between them. The address holds
 * which is which (`?from=…&to=…`), so that the page survives a reload in the middle of an update.
 */
export default function Update({ route }: PageProps) {
  const text = useText();
  const toast = useToast();
  const aliasId = route.parts[1] ?? '';
  const from = route.query.get('from') ?? '';
  const target = route.query.get('to') ?? '';
  const movedAt = Number(route.query.get('moved')) || null;
  const aliases = useAll('ListAliases', {}, (page) => page.Aliases);
  const alias = aliases.data?.find((one) => one.AliasId === aliasId);
  const current = alias?.RoutingStrategy.Type === 'SIMPLE' ? (alias.RoutingStrategy.FleetId ?? '') : '';
  const { fleets } = useFleetNames();
  const oldId = from || current;
  const before = useFleet(oldId);
  const after = useFleet(target);
  const grow = useSubmit();
  const back = useSubmit();
  const [asking, setAsking] = useState<'move' | 'drain' | 'undrain' | null>(null);
  const draining = before.attributes?.Draining ?? false;
  const moved = target !== '' && current === target && oldId !== target;
  const here = (query: Record<string, string | undefined>) => withQuery(to('update', aliasId), query);

  // Where there is but one alias, it is the one.
  const simple = (aliases.data ?? []).filter((one) => one.RoutingStrategy.Type === 'SIMPLE');
  const only = simple.length === 1 ? simple[0]!.AliasId : '';
  useEffect(() => {
    if (!aliasId && only) replace(to('update', only));
  }, [aliasId, only]);
  // From the first look on the old fleet is the one that the alias led to then.
  useEffect(() => {
    if (aliasId && !from && current) replace(withQuery(to('update', aliasId), { from: current }));
  }, [aliasId, from, current]);

  const options = (aliases.data ?? []).map((one) => ({ value: one.AliasId, label: `${one.Name} · ${one.AliasId}` }));
  const choices = fleets
    .filter(({ attributes }) => attributes.FleetId !== oldId && !['DELETING', 'TERMINATED'].includes(attributes.Status))
    .map(({ attributes }) => ({
      value: attributes.FleetId,
      label: `${attributes.Name} · ${(text.status as Record<string, string>)[attributes.Status] ?? attributes.Status} · ${attributes.FleetId}`,
    }));
  const loads = { from: loadOf(before), to: loadOf(after) };
  const ready = Boolean(before.utilization && after.attributes && after.runtime && after.capacity);
  const verdict = ready && target ? judge(loads.from, loads.to) : null;
  const growTo = verdict?.kind === 'short' ? verdict.instances : 0;

  const growFleet = () =>
    grow.submit(async (run) => {
      const counts = after.capacity?.InstanceCounts;
      await run('UpdateFleetCapacity', {
        FleetId: target,
        MinSize: counts?.MiniNum ?? 0,
        MaxSize: Math.max(counts?.MaxiNum ?? 0, growTo),
        DesiredInstances: growTo,
      });
      toast(text.update.growing(growTo));
    });
  const pointTo = (fleetId: string) => ({ AliasId: aliasId, RoutingStrategy: { Type: 'SIMPLE', FleetId: fleetId } });
  const goBack = () =>
    back.submit(async (run) => {
      // No alias leads to a fleet that runs empty.
      if (draining) await run('UndrainFleet', { FleetId: oldId });
      await run('UpdateAlias', pointTo(oldId));
      toast(text.update.movedBack);
      replace(here({ from: oldId, to: target }));
    });

  return (
    <Page
      title={text.menu.update}
      lead={text.update.lead}
      back={alias && <Link to={to('aliases', aliasId)}>← {alias.Name}</Link>}
    >
      <Card>
        {aliases.error && <ErrorBox error={aliases.error} />}
        {aliases.data && options.length === 0 ? (
          <Empty title={text.alias.none} action={<Link to="/aliases">{text.alias.create}</Link>}>
            {text.alias.noneLong}
          </Empty>
        ) : (
          <div className="row">
            <SelectField label={text.update.pickAlias} value={aliasId} onChange={(next) => go(to('update', next))} options={options} placeholder={text.common.choose} />
            <SelectField
              label={text.update.pickFleet}
              value={target}
              disabled={!aliasId || moved}
              onChange={(next) => replace(here({ from: oldId, to: next }))}
              options={choices}
              placeholder={text.common.choose}
              hint={aliasId && choices.length === 0 ? <Link to="/fleets/new">{text.update.noOther}</Link> : undefined}
            />
          </div>
        )}
        {!aliasId && simple.length > 1 && <Empty title={text.update.chooseAlias}>{text.update.chooseAliasLong}</Empty>}
        {alias?.RoutingStrategy.Type === 'TERMINAL' && <Note tone="warning">{text.update.isTerminal}</Note>}
      </Card>
      {aliasId && oldId && (
        <div className="sides">
          <FleetPanel title={text.update.old} fleetId={oldId} view={before} points={current === oldId} />
          <div className="sides-arrow" aria-hidden>
            →
          </div>
          {target ? (
            <FleetPanel title={text.update.new} fleetId={target} view={after} points={current === target} />
          ) : (
            <Card title={text.update.new}>
              <Empty title={text.update.chooseNew}>{text.update.chooseNewLong}</Empty>
            </Card>
          )}
        </div>
      )}
      {aliasId && target && oldId && (
        <Card title={moved ? text.update.movedTitle : text.update.moveTitle}>
          <div aria-live="polite">
            {!moved && verdict && <VerdictNote verdict={verdict} />}
            {moved && <Note tone="success">{text.update.movedLong(after.attributes?.Name ?? target, loads.from.sessions)}</Note>}
            {moved && draining && <Note>{text.drain.backUndrains}</Note>}
          </div>
          {grow.error && <ErrorBox error={grow.error} />}
          {back.error && <ErrorBox error={back.error} />}
          <div className="actions">
            {growTo > 0 && !moved && (
              <ActionButton busy={grow.busy} onClick={() => void growFleet()}>
                {text.update.grow(growTo)}
              </ActionButton>
            )}
            {moved ? (
              <ActionButton busy={back.busy} onClick={() => void goBack()}>
                {text.update.moveBack(before.attributes?.Name ?? oldId)}
              </ActionButton>
            ) : (
              <ActionButton kind="primary" disabled={!verdict || verdict.kind === 'not-active' || verdict.kind === 'draining'} onClick={() => setAsking('move')}>
                {text.update.move(after.attributes?.Name ?? target)}
              </ActionButton>
            )}
            {moved && before.attributes && (
              <ActionButton onClick={() => setAsking(draining ? 'undrain' : 'drain')}>{(draining ? text.drain.undrainOld : text.drain.drainOld)(before.attributes.Name)}</ActionButton>
            )}
            {moved && loads.from.sessions === 0 && <Link to={to('fleets', oldId, 'scaling')}>{text.update.cleanUp}</Link>}
          </div>
        </Card>
      )}
      {target && oldId && <Drain fleetId={oldId} before={before} after={after} moved={moved} movedAt={movedAt} />}
      {asking === 'drain' && before.attributes && <DrainFleet fleet={before.attributes} onClose={() => setAsking(null)} />}
      {asking === 'undrain' && before.attributes && <UndrainFleet fleet={before.attributes} onClose={() => setAsking(null)} />}
      {asking === 'move' && alias && (
        <Confirm
          title={text.update.confirmTitle(alias.Name)}
          confirm={text.update.confirm}
          done={text.update.moved}
          onClose={() => setAsking(null)}
          work={async (run) => {
            await run('UpdateAlias', pointTo(target));
            replace(here({ from: oldId, to: target, moved: String(Date.now()) }));
          }}
        >
          <p>{text.update.affectsNew(after.attributes?.Name ?? target)}</p>
          <p>{text.update.affectsOld(loads.from.sessions, before.utilization?.CurrentPlayerSessionCount ?? 0, before.attributes?.Name ?? oldId)}</p>
          {verdict && <VerdictNote verdict={verdict} />}
        </Confirm>
      )}
    </Page>
  );
}
