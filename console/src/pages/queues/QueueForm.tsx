import { useState } from 'react';
import type { GameServerSessionQueue, PlayerLatencyPolicy, Tag } from '../../api/types';
import { useText } from '../../i18n';
import { Button } from '../../ui/Button';
import { NumberField, TextField } from '../../ui/Field';
import { FormModal } from '../../ui/FormModal';
import { TagEditor } from '../../ui/TagEditor';
import { TargetPicker } from './TargetPicker';

const kNever = 0;

export function QueueForm({ queue, onClose }: { queue?: GameServerSessionQueue; onClose: () => void }) {
  const text = useText();
  const [name, setName] = useState(queue?.Name ?? '');
  const [timeout, setTimeout] = useState<number | null>(queue?.TimeoutInSeconds ?? 600);
  const [policies, setPolicies] = useState<PlayerLatencyPolicy[]>(queue?.PlayerLatencyPolicies ?? []);
  const [targets, setTargets] = useState<string[]>((queue?.Destinations ?? []).map((one) => one.DestinationArn ?? ''));
  const [tags, setTags] = useState<Tag[]>([]);
  const rising = policies.every(
    (policy, index) =>
      policy.MaximumIndividualPlayerLatencyMilliseconds > (policies[index - 1]?.MaximumIndividualPlayerLatencyMilliseconds ?? kNever),
  );
  const problem = !/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(name)
    ? text.queue.identifierRule
    : timeout === null || timeout < 1 || timeout > 600
      ? text.queue.timeoutRule
      : !rising
        ? text.queue.latencyRule
        : targets.length === 0
          ? text.queue.needsTarget
          : null;
  const set = (index: number, change: Partial<PlayerLatencyPolicy>) => setPolicies(policies.map((policy, at) => (at === index ? { ...policy, ...change } : policy)));
  return (
    <FormModal
      wide
      title={queue ? text.queue.modifyTitle(queue.Name) : text.queue.create}
      done={queue ? text.common.saved : text.common.createdDone}
      problem={problem}
      onClose={onClose}
      work={async (run) => {
        const input = {
          Name: name,
          TimeoutInSeconds: timeout ?? 600,
          PlayerLatencyPolicies: policies,
          Destinations: targets.map((DestinationArn) => ({ DestinationArn })),
        };
        if (queue) await run('UpdateGameServerSessionQueue', input);
        else await run('CreateGameServerSessionQueue', { ...input, ...(tags.length > 0 ? { Tags: tags } : {}) });
      }}
    >
      <div className="row">
        {queue ? (
          <p>
            {text.queue.identifier}: <code>{queue.Name}</code>
          </p>
        ) : (
          <TextField label={text.queue.identifier} required value={name} onChange={setName} hint={text.queue.identifierRule} />
        )}
        <NumberField label={text.queue.timeout} required value={timeout} onChange={setTimeout} unit={text.common.seconds} />
      </div>
      <fieldset className="field rows">
        <legend className="field-label">{text.queue.latency}</legend>
        {policies.map((policy, index) => (
          <div className="row" key={index}>
            <NumberField
              label={text.queue.maxLatency}
              value={policy.MaximumIndividualPlayerLatencyMilliseconds}
              onChange={(next) => set(index, { MaximumIndividualPlayerLatencyMilliseconds: next ?? 0 })}
              unit="ms"
            />
            <NumberField
              label={text.queue.forSeconds}
              value={policy.PolicyDurationSeconds ?? null}
              onChange={(next) => set(index, { PolicyDurationSeconds: next ?? undefined })}
              unit={text.common.seconds}
              placeholder={text.queue.rest}
            />
            <Button kind="danger-link" onClick={() => setPolicies(policies.filter((_, at) => at !== index))}>
              {text.common.remove}
            </Button>
          </div>
        ))}
        <div>
          <Button
            size="small"
            onClick={() =>
              setPolicies([
                ...policies,
                { MaximumIndividualPlayerLatencyMilliseconds: (policies[policies.length - 1]?.MaximumIndividualPlayerLatencyMilliseconds ?? 0) + 50 },
              ])
            }
          >
            {text.queue.addPolicy}
          </Button>
        </div>
      </fieldset>
      <TargetPicker targets={targets} onChange={setTargets} />
      {!queue && <TagEditor tags={tags} onChange={setTags} />}
    </FormModal>
  );
}
