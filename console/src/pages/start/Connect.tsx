import { useState } from 'react';
import type { PlayerSession } from '../../api/types';
import { Link, to, withQuery } from '../../app/router';
import { useApi, useSubmit } from '../../hooks/api';
import { useText } from '../../i18n';
import { Fact, Facts, Note, Status } from '../../ui/Bits';
import { ActionButton } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';

/** Where a browser talks to the demo game: the page takes the seat at once. */
export function chatUrl(seat: Pick<PlayerSession, 'IpAddress' | 'Port' | 'PlayerSessionId' | 'PlayerId'>): string {
  const host = seat.IpAddress.includes(':') ? `[${seat.IpAddress}]` : seat.IpAddress;
  const query = new URLSearchParams({ playerSessionId: seat.PlayerSessionId, name: seat.PlayerId, connect: '1' });
  return `http://${host}:${seat.Port}/?${query}`;
}

interface Props {
  sessionId: string;
  fleetId: string;
  busy: boolean;
  onNewSession: () => void;
}

/** Step four: every click makes a seat and opens the chat page that takes it. */
export function Connect({ sessionId, fleetId, busy, onNewSession }: Props) {
  const text = useText();
  const [blocked, setBlocked] = useState<string | null>(null);
  const join = useSubmit();
  const sessions = useApi('DescribeGameServerSessions', { GameServerSessionId: sessionId }, { enabled: sessionId !== '', every: 2000 });
  const players = useApi('DescribePlayerSessions', { GameServerSessionId: sessionId, Limit: 100 }, { enabled: sessionId !== '', every: 2000 });
  const seats = players.data?.PlayerSessions ?? [];
  const next = 1 + Math.max(0, ...seats.map((one) => Number(/^demo-player-(\d+)$/.exec(one.PlayerId)?.[1] ?? 0)));
  const session = sessions.data?.GameServerSessions[0];
  const over = session && !['ACTIVE', 'ACTIVATING'].includes(session.Status);

  const open = () => {
    // Opened within the click, before the answer is there: a browser blocks it otherwise.
    const page = window.open('about:blank', '_blank');
    void join
      .submit(async (run) => {
        const { PlayerSession } = await run('JoinGameServerSession', {
          GameServerSessionId: sessionId,
          PlayerId: `demo-player-${next}`,
        });
        const url = chatUrl(PlayerSession);
        if (page) {
          page.opener = null;
          page.location.replace(url);
          setBlocked(null);
        } else setBlocked(url);
      })
      .then((done) => !done && page?.close());
  };
  return (
    <>
      <p>{text.start.connectLong}</p>
      {session && (
        <Facts>
          <Fact label={text.session.one}>
            <Link to={withQuery(to('fleets', fleetId, 'sessions'), { session: sessionId })}>{session.Name}</Link> <Status value={session.Status} />
          </Fact>
          <Fact label={text.session.address}>
            <code>{`${session.IpAddress}:${session.Port}`}</code>
          </Fact>
          <Fact label={text.fleet.players}>
            {seats.map((one) => (
              <span key={one.PlayerSessionId} className="inline">
                {one.PlayerId} <Status value={one.Status} />
              </span>
            ))}
            {seats.length === 0 && '–'}
          </Fact>
        </Facts>
      )}
      {join.error && <ErrorBox error={join.error} />}
      {blocked && (
        <Note tone="warning">
          {text.start.blocked}{' '}
          <a className="link" href={blocked} target="_blank" rel="noopener noreferrer">
            {blocked}
          </a>
        </Note>
      )}
      <div className="actions">
        {over ? (
          <ActionButton kind="primary" busy={busy} onClick={onNewSession}>
            {text.start.newSession}
          </ActionButton>
        ) : (
          <ActionButton kind="primary" busy={join.busy} disabled={session?.Status !== 'ACTIVE' || players.isPending} onClick={open}>
            {text.start.open(next)}
          </ActionButton>
        )}
      </div>
      <p className="quiet small">{text.start.minute}</p>
    </>
  );
}
