import { useState } from 'react';
import { useAll } from '../../hooks/lists';
import { useText } from '../../i18n';
import { NumberField, SelectField, TextField } from '../../ui/Field';
import { FormModal } from '../../ui/FormModal';

export function StartPlacement({ queue: first, onClose, onStarted }: { queue: string; onClose: () => void; onStarted: (id: string) => void }) {
  const text = useText();
  const queues = useAll('DescribeGameServerSessionQueues', {}, (page) => page.GameServerSessionQueues);
  const [id, setId] = useState(() => `console-${Date.now().toString(36)}`);
  const [queue, setQueue] = useState(first);
  const [players, setPlayers] = useState<number | null>(8);
  const [ids, setIds] = useState('');
  const wanted = ids.split(/[\s,]+/).filter(Boolean);
  const problem = !id ? text.placement.needsId : !queue ? text.placement.needsQueue : players === null || players < 1 ? text.session.playersRange : null;
  return (
    <FormModal
      title={text.placement.start}
      done={text.placement.startedDone}
      problem={problem}
      onClose={onClose}
      work={async (run) => {
        await run('StartGameServerSessionPlacement', {
          PlacementId: id,
          GameServerSessionQueueName: queue,
          MaximumPlayerSessionCount: players ?? 1,
          ...(wanted.length > 0 ? { DesiredPlayerSessions: wanted.map((PlayerId) => ({ PlayerId, PlayerData: '' })) } : {}),
        });
        onStarted(id);
      }}
    >
      <TextField label="PlacementId" required value={id} onChange={setId} />
      <SelectField
        label={text.menu.queues}
        required
        value={queue}
        onChange={setQueue}
        placeholder={text.common.choose}
        options={(queues.data ?? []).map((one) => ({ value: one.Name, label: one.Name }))}
      />
      <NumberField label={text.session.maxPlayers} required value={players} onChange={setPlayers} />
      <TextField label={text.placement.players} value={ids} onChange={setIds} hint={text.placement.playersHint} />
    </FormModal>
  );
}
