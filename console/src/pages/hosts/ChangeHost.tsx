import { useState } from 'react';
import type { Host } from '../../api/types';
import { useText } from '../../i18n';
import { Note } from '../../ui/Bits';
import { Confirm } from '../../ui/Confirm';
import { CheckField } from '../../ui/Field';

const kAvailability = { cordon: 'CORDONED', uncordon: 'OPEN', drain: 'DRAINING' } as const;
export type HostChange = keyof typeof kAvailability | 'remove';

/** Cordons, opens, drains or removes a host: says before what becomes of what runs there. */
export function ChangeHost({ change, host, onClose }: { change: HostChange; host: Host; onClose: () => void }) {
  const text = useText();
  const { HostId, Name, InstanceCount, GameServerSessionCount: sessions, PlayerSessionCount: players } = host;
  if (change === 'remove') return <RemoveHost host={host} onClose={onClose} />;
  const affects = { cordon: text.host.cordonAffects, uncordon: text.host.uncordonAffects, drain: text.host.drainAffects(InstanceCount, sessions, players) };
  const titles = { cordon: text.host.cordonTitle, uncordon: text.host.uncordonTitle, drain: text.host.drainTitle };
  return (
    <Confirm
      title={titles[change](Name)}
      confirm={text.host[change]}
      done={text.common.saved}
      onClose={onClose}
      work={async (run) => {
        await run('UpdateHost', { HostId, Availability: kAvailability[change] });
      }}
    >
      <p>{affects[change]}</p>
    </Confirm>
  );
}

function RemoveHost({ host, onClose }: { host: Host; onClose: () => void }) {
  const text = useText();
  const [force, setForce] = useState(false);
  const { HostId, Name, InstanceCount, GameServerSessionCount: sessions, PlayerSessionCount: players } = host;
  return (
    <Confirm
      title={text.host.removeTitle(Name)}
      confirm={text.host.remove}
      danger
      done={text.host.removed}
      onClose={onClose}
      work={async (run) => {
        await run('RemoveHost', { HostId, Force: force });
      }}
    >
      <p>{text.host.removeAffects(InstanceCount)}</p>
      {sessions > 0 && (
        <>
          <Note tone="danger">{text.host.removeSessions(sessions, players)}</Note>
          <CheckField label={text.host.force} checked={force} onChange={setForce} hint={text.host.forceHint} />
        </>
      )}
    </Confirm>
  );
}
