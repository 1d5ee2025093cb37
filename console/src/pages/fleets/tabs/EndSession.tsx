import type { GameServerSession } from '../../../api/types';
import { useText } from '../../../i18n';
import { Confirm } from '../../../ui/Confirm';

export function EndSession({ session, onClose }: { session: GameServerSession; onClose: () => void }) {
  const text = useText();
  return (
    <Confirm
      title={text.session.endTitle(session.Name)}
      confirm={text.session.end}
      danger
      done={text.session.ended}
      onClose={onClose}
      work={async (run) => {
        await run('EndGameServerSessionAndProcess', { GameServerSessionId: session.GameServerSessionId });
      }}
    >
      <p>{text.session.endAffects(session.CurrentPlayerSessionCount)}</p>
    </Confirm>
  );
}
