import { useState } from 'react';
import type { GameServerSession } from '../../../api/types';
import { useText } from '../../../i18n';
import { NumberField, SelectField, TextField } from '../../../ui/Field';
import { FormModal } from '../../../ui/FormModal';

const kUnchanged = '';

/** What may still be changed of a session that runs. Its protection is told by its details only, so that it starts unchanged. */
export function ModifySession({ session, onClose }: { session: GameServerSession; onClose: () => void }) {
  const text = useText();
  const [name, setName] = useState(session.Name);
  const [players, setPlayers] = useState<number | null>(session.MaximumPlayerSessionCount);
  const [policy, setPolicy] = useState(session.PlayerSessionCreationPolicy);
  const [protection, setProtection] = useState(kUnchanged);
  const problem = players === null || players < 0 || players > 200 ? text.session.playersRange : null;
  return (
    <FormModal
      title={text.session.modifyTitle(session.Name)}
      done={text.common.saved}
      problem={problem}
      onClose={onClose}
      work={async (run) => {
        await run('UpdateGameServerSession', {
          GameServerSessionId: session.GameServerSessionId,
          MaximumPlayerSessionCount: players ?? 0,
          PlayerSessionCreationPolicy: policy,
          ...(name ? { Name: name } : {}),
          ...(protection ? { ProtectionPolicy: protection } : {}),
        });
      }}
    >
      <TextField label={text.common.name} value={name} onChange={setName} />
      <NumberField label={text.session.maxPlayers} required value={players} onChange={setPlayers} />
      <SelectField label={text.session.policy} value={policy} onChange={setPolicy} options={Object.entries(text.session.policies).map(([value, label]) => ({ value, label }))} />
      <SelectField
        label={text.fleet.protection}
        value={protection}
        onChange={setProtection}
        placeholder={text.session.unchanged}
        options={Object.entries(text.fleet.protections).map(([value, label]) => ({ value, label }))}
      />
    </FormModal>
  );
}
