import { useState } from 'react';
import type { PageProps } from '../../app/Routes';
import { go, Link, to } from '../../app/router';
import { useApi, useSubmit } from '../../hooks/api';
import { useText } from '../../i18n';
import { shortId } from '../../lib/format';
import { Fact, Facts, Id, Status, Time } from '../../ui/Bits';
import { ActionButton, Button } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';
import { TextField } from '../../ui/Field';
import { Card, Empty, Page } from '../../ui/Page';
import { Decision } from './Decision';
import { StartPlacement } from './StartPlacement';

/** A placement and its why. Placements are not listed by the API: one is found by its id. */
export default function Placements({ route }: PageProps) {
  const text = useText();
  const id = route.parts[1] ?? '';
  const [draft, setDraft] = useState(id);
  const [starting, setStarting] = useState(route.query.has('queue'));
  return (
    <Page
      title={text.menu.placements}
      lead={text.placement.lead}
      actions={
        <ActionButton kind="primary" onClick={() => setStarting(true)}>
          {text.placement.start}
        </ActionButton>
      }
    >
      <Card>
        <form
          className="toolbar"
          onSubmit={(event) => {
            event.preventDefault();
            if (draft.trim()) go(to('placements', draft.trim()));
          }}
        >
          <TextField bare type="search" label="PlacementId" placeholder="PlacementId" value={draft} onChange={setDraft} />
          <Button type="submit" disabled={!draft.trim()}>
            {text.common.search}
          </Button>
        </form>
        {!id && <Empty title={text.placement.none}>{text.placement.noneLong}</Empty>}
      </Card>
      {id && <One placementId={id} />}
      {starting && <StartPlacement queue={route.query.get('queue') ?? ''} onClose={() => setStarting(false)} onStarted={(started) => (setDraft(started), go(to('placements', started)))} />}
    </Page>
  );
}

function One({ placementId }: { placementId: string }) {
  const text = useText();
  const placement = useApi('DescribeGameServerSessionPlacement', { PlacementId: placementId }, { every: 2000 });
  const stop = useSubmit();
  const found = placement.data?.GameServerSessionPlacement;
  return (
    <>
      {placement.error && <ErrorBox error={placement.error} />}
      {found && (
        <Card
          title={placementId}
          actions={
            found.Status === 'PENDING' && (
              <ActionButton busy={stop.busy} onClick={() => void stop.submit(async (run) => void (await run('StopGameServerSessionPlacement', { PlacementId: placementId })))}>
                {text.placement.stop}
              </ActionButton>
            )
          }
        >
          {stop.error && <ErrorBox error={stop.error} />}
          <div aria-live="polite">
            <Facts>
              <Fact label={text.common.status}>
                <Status value={found.Status} />
              </Fact>
              <Fact label={text.menu.queues}>
                <Link to="/queues">{found.GameServerSessionQueueName}</Link>
              </Fact>
              <Fact label={text.shell.region}>{found.GameServerSessionRegion || '–'}</Fact>
              <Fact label={text.session.one}>
                <Id value={found.GameServerSessionId} short={shortId(found.GameServerSessionId)} />
              </Fact>
              <Fact label={text.session.address}>{found.IpAddress ? <code>{`${found.IpAddress}:${found.Port}`}</code> : '–'}</Fact>
              <Fact label={text.placement.started}>
                <Time value={found.StartTime} />
              </Fact>
              <Fact label={text.placement.ended}>
                <Time value={found.EndTime} />
              </Fact>
              <Fact label={text.fleet.players}>{found.PlacedPlayerSessions?.map((one) => one.PlayerId).join(', ') || '–'}</Fact>
            </Facts>
          </div>
        </Card>
      )}
      <Decision placementId={placementId} />
    </>
  );
}
