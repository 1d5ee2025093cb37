import { useMemo, useState } from 'react';
import type { GameServerSession } from '../../../api/types';
import { byToken, useEndless } from '../../../hooks/endless';
import { useText } from '../../../i18n';
import { checkFilter } from '../../../lib/filter';
import { shortId } from '../../../lib/format';
import { Age, Id, Meter, Status, Time } from '../../../ui/Bits';
import { ActionButton, Button } from '../../../ui/Button';
import { ErrorBox } from '../../../ui/ErrorBox';
import { SelectField, TextField } from '../../../ui/Field';
import { Card, Empty } from '../../../ui/Page';
import { LongTable } from '../../../ui/LongTable';
import type { Column } from '../../../ui/Table';
import { CreateSession } from './CreateSession';
import { EndSession } from './EndSession';
import { JoinSession } from './JoinSession';
import { ModifySession } from './ModifySession';
import { SessionModal } from './SessionModal';

const kReading = { rowsOf: (page: { GameServerSessions: GameServerSession[] }) => page.GameServerSessions, keyOf: (one: GameServerSession) => one.GameServerSessionId, next: byToken };
type Open = { kind: 'create' } | { kind: 'join' | 'modify' | 'end' | 'show'; session: GameServerSession } | null;

export function SessionsTab({ fleetId, selected }: { fleetId: string; selected: string | null }) {
  const text = useText();
  const [status, setStatus] = useState('');
  const [draft, setDraft] = useState('');
  const [filter, setFilter] = useState('');
  const [open, setOpen] = useState<Open>(null);
  const listed = useEndless('DescribeGameServerSessions', { FleetId: fleetId, ...(status ? { StatusFilter: status } : {}) }, { ...kReading, enabled: filter === '' });
  const found = useEndless('SearchGameServerSessions', { FleetId: fleetId, FilterExpression: filter }, { ...kReading, enabled: filter !== '' });
  const list = filter ? found : listed;
  const wrong = checkFilter(draft);
  const search = () => {
    if (wrong !== null) return;
    setFilter(draft.trim());
  };
  const create = (
    <ActionButton kind="primary" onClick={() => setOpen({ kind: 'create' })}>
      {text.session.create}
    </ActionButton>
  );
  const columns = useMemo<Column<GameServerSession>[]>(
    () => [
      {
        key: 'id',
        title: text.session.nameAndId,
        width: 205,
        render: (session) => (
          <div className="two-lines">
            <Button kind="link" onClick={() => setOpen({ kind: 'show', session })}>
              {session.Name || shortId(session.GameServerSessionId)}
            </Button>
            <Id value={session.GameServerSessionId} short={shortId(session.GameServerSessionId)} />
          </div>
        ),
      },
      { key: 'status', title: text.common.status, width: 100, render: (session) => <Status value={session.Status} /> },
      { key: 'address', title: text.session.address, width: 150, render: (session) => <code>{`${session.IpAddress}:${session.Port}`}</code> },
      {
        key: 'players',
        title: text.fleet.players,
        width: 135,
        render: (session) => <Meter label={text.fleet.players} part={session.CurrentPlayerSessionCount} whole={session.MaximumPlayerSessionCount} />,
      },
      {
        key: 'age',
        title: text.session.runDuration,
        width: 120,
        render: (session) => <Age since={session.CreationTime} until={session.TerminationTime} />,
      },
      { key: 'created', title: text.common.created, width: 160, render: (session) => <Time value={session.CreationTime} /> },
      {
        key: 'actions',
        title: text.common.actions,
        width: 160,
        render: (session) =>
          session.Status === 'ACTIVE' || session.Status === 'ACTIVATING' ? (
            <div className="actions">
              <ActionButton kind="link" disabled={session.Status !== 'ACTIVE'} onClick={() => setOpen({ kind: 'join', session })}>
                {text.session.join}
              </ActionButton>
              <ActionButton kind="link" onClick={() => setOpen({ kind: 'modify', session })}>
                {text.common.modify}
              </ActionButton>
              <ActionButton kind="danger-link" onClick={() => setOpen({ kind: 'end', session })}>
                {text.session.end}
              </ActionButton>
            </div>
          ) : (
            <span className="quiet">{session.StatusReason || '–'}</span>
          ),
      },
    ],
    [text],
  );
  return (
    <Card>
      <form
        className="toolbar"
        onSubmit={(event) => {
          event.preventDefault();
          search();
        }}
      >
        {create}
        <SelectField
          bare
          label={text.session.statusFilter}
          value={status}
          disabled={filter !== ''}
          onChange={(next) => setStatus(next)}
          placeholder={text.session.allStates}
          options={['ACTIVE', 'ACTIVATING', 'TERMINATING', 'TERMINATED', 'ERROR'].map((value) => ({
            value,
            label: (text.status as Record<string, string>)[value] ?? value,
          }))}
        />
        <div className="grow">
          <TextField
            bare
            type="search"
            label={text.session.filter}
            placeholder="hasAvailablePlayerSessions=true AND maximumSessions>=8"
            value={draft}
            onChange={(next) => (setDraft(next), next === '' && setFilter(''))}
            error={wrong === null ? null : text.session.filterWrong(wrong + 1)}
          />
        </div>
        <Button type="submit" disabled={wrong !== null}>
          {text.common.search}
        </Button>
      </form>
      {list.error && <ErrorBox error={list.error} />}
      <LongTable
        label={text.fleet.tabs.sessions}
        list={list}
        columns={columns}
        keyOf={kReading.keyOf}
        empty={!list.error && <Empty title={filter || status ? text.common.nothingFound : text.session.none}>{filter || status ? undefined : text.session.noneLong}</Empty>}
      />
      {open?.kind === 'create' && <CreateSession fleetId={fleetId} onClose={() => setOpen(null)} />}
      {open?.kind === 'join' && <JoinSession session={open.session} onClose={() => setOpen(null)} />}
      {open?.kind === 'modify' && <ModifySession session={open.session} onClose={() => setOpen(null)} />}
      {open?.kind === 'end' && <EndSession session={open.session} onClose={() => setOpen(null)} />}
      {open?.kind === 'show' && <SessionModal sessionId={open.session.GameServerSessionId} onClose={() => setOpen(null)} />}
      {!open && selected && <SessionModal sessionId={selected} onClose={() => (window.location.hash = window.location.hash.split('?')[0] ?? '')} />}
    </Card>
  );
}
