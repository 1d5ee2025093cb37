import { useState } from 'react';
import type { GameServerSession, PlayerSession } from '../../../api/types';
import { useSubmit } from '../../../hooks/api';
import { useText } from '../../../i18n';
import { Fact, Facts, Id, Note } from '../../../ui/Bits';
import { Button } from '../../../ui/Button';
import { ErrorBox } from '../../../ui/ErrorBox';
import { TextField } from '../../../ui/Field';
import { Modal } from '../../../ui/Modal';

/** A seat for a player; shows where to connect. */
export function JoinSession({ session, onClose }: { session: GameServerSession; onClose: () => void }) {
  const text = useText();
  const [player, setPlayer] = useState('player-1');
  const [seat, setSeat] = useState<PlayerSession | null>(null);
  const { busy, error, submit } = useSubmit();
  const join = () =>
    submit(async (run) => {
      const { PlayerSession } = await run('JoinGameServerSession', {
        GameServerSessionId: session.GameServerSessionId,
        PlayerId: player,
      });
      setSeat(PlayerSession);
    });
  return (
    <Modal
      title={text.session.joinTitle(session.Name)}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{text.common.close}</Button>
          <Button kind="primary" busy={busy} disabled={!player} onClick={() => void join()}>
            {text.session.join}
          </Button>
        </>
      }
    >
      <TextField label="PlayerId" required value={player} onChange={setPlayer} />
      {error && <ErrorBox error={error} />}
      {seat && (
        <>
          <Note tone="success">{text.session.joined}</Note>
          <Facts>
            <Fact label="PlayerSessionId">
              <Id value={seat.PlayerSessionId} />
            </Fact>
            <Fact label={text.session.address}>
              <Id value={`${seat.IpAddress}:${seat.Port}`} />
            </Fact>
          </Facts>
        </>
      )}
    </Modal>
  );
}
