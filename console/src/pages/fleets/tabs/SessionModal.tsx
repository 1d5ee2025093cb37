import type { PlayerSession } from '../../../api/types';
import { useApi, useSubmit } from '../../../hooks/api';
import { useText } from '../../../i18n';
import { Fact, Facts, Id, Status, Time } from '../../../ui/Bits';
import { Button } from '../../../ui/Button';
import { ErrorBox } from '../../../ui/ErrorBox';
import { Modal } from '../../../ui/Modal';
import { Empty } from '../../../ui/Page';
import { type Column, Table } from '../../../ui/Table';

export function SessionModal({ sessionId, onClose }: { sessionId: string; onClose: () => void }) {
  const text = useText();
  const details = useApi('DescribeGameServerSessionDetails', { GameServerSessionId: sessionId });
  const players = useApi('DescribePlayerSessions', { GameServerSessionId: sessionId, Limit: 100 });
  const log = useSubmit();
  const found = details.data?.GameServerSessionDetails[0];
  const session = found?.GameServerSession;
  const protections: Record<string, string | undefined> = text.fleet.protections;
  const policies: Record<string, string | undefined> = text.session.policies;
  const columns: Column<PlayerSession>[] = [
    { key: 'player', title: 'PlayerId', render: (player) => player.PlayerId },
    { key: 'id', title: 'PlayerSessionId', width: 280, render: (player) => <Id value={player.PlayerSessionId} /> },
    { key: 'status', title: text.common.status, width: 110, render: (player) => <Status value={player.Status} /> },
    { key: 'created', title: text.common.created, width: 170, render: (player) => <Time value={player.CreationTime} /> },
  ];
  const openLog = () =>
    log.submit(async (run) => {
      const { PreSignedUrl } = await run('GetGameServerSessionLogUrl', { GameServerSessionId: sessionId });
      if (/^(https?:\/\/|\/)/.test(PreSignedUrl)) window.open(PreSignedUrl, '_blank', 'noopener');
    });
  return (
    <Modal
      wide
      title={session?.Name || text.session.one}
      onClose={onClose}
      footer={
        <Button busy={log.busy} onClick={() => void openLog()}>
          {text.fleet.downloadLog}
        </Button>
      }
    >
      {details.error && <ErrorBox error={details.error} />}
      {log.error && <ErrorBox error={log.error} />}
      {session && (
        <Facts>
          <Fact label="GameServerSessionId">
            <Id value={session.GameServerSessionId} />
          </Fact>
          <Fact label={text.common.status}>
            <Status value={session.Status} /> {session.StatusReason}
          </Fact>
          <Fact label={text.session.address}>
            <Id value={`${session.IpAddress}:${session.Port}`} />
          </Fact>
          <Fact label={text.fleet.protection}>{protections[found.ProtectionPolicy] ?? found.ProtectionPolicy}</Fact>
          <Fact label={text.session.policy}>{policies[session.PlayerSessionCreationPolicy] ?? session.PlayerSessionCreationPolicy}</Fact>
          <Fact label={text.session.creator}>{session.CreatorId || '–'}</Fact>
          <Fact label={text.session.data}>{session.GameServerSessionData || '–'}</Fact>
          <Fact label={text.session.properties}>
            {session.GameProperties?.length ? session.GameProperties.map((one) => <code key={one.Key}>{`${one.Key}=${one.Value} `}</code>) : '–'}
          </Fact>
        </Facts>
      )}
      <h3>{text.session.playersTitle}</h3>
      <Table
        label={text.session.playersTitle}
        rows={players.data?.PlayerSessions ?? []}
        columns={columns}
        rowKey="PlayerSessionId"
        loading={players.isPending}
        empty={<Empty title={text.session.noPlayers} />}
      />
    </Modal>
  );
}
