import { useState } from 'react';
import { useText } from '../../../i18n';
import { NumberField, TextField } from '../../../ui/Field';
import { FormModal } from '../../../ui/FormModal';

export function CreateSession({ fleetId, onClose }: { fleetId: string; onClose: () => void }) {
  const text = useText();
  const [name, setName] = useState('');
  const [players, setPlayers] = useState<number | null>(8);
  const [data, setData] = useState('');
  const problem = players === null || players < 0 || players > 200 ? text.session.playersRange : null;
  return (
    <FormModal
      title={text.session.create}
      done={text.common.createdDone}
      problem={problem}
      onClose={onClose}
      work={async (run) => {
        await run('CreateGameServerSession', {
          FleetId: fleetId,
          MaximumPlayerSessionCount: players ?? 0,
          ...(name ? { Name: name } : {}),
          ...(data ? { GameServerSessionData: data } : {}),
        });
      }}
    >
      <TextField label={text.common.name} value={name} onChange={setName} />
      <NumberField label={text.session.maxPlayers} required value={players} onChange={setPlayers} />
      <TextField label={text.session.data} lines={2} value={data} onChange={setData} hint={text.session.dataHint} />
    </FormModal>
  );
}
