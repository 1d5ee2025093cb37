import { useState } from 'react';
import type { Alias, RoutingStrategy, Tag } from '../../api/types';
import type { LiveFleet } from '../../hooks/fleets';
import { useText } from '../../i18n';
import { Note } from '../../ui/Bits';
import { ChoiceField, SelectField, TextField } from '../../ui/Field';
import { FormModal } from '../../ui/FormModal';
import { TagEditor } from '../../ui/TagEditor';

interface Props {
  alias?: Alias;
  fleets: LiveFleet[];
  onClose: () => void;
}

/** Creates an alias, or modifies one. */
export function AliasForm({ alias, fleets, onClose }: Props) {
  const text = useText();
  const [name, setName] = useState(alias?.Name ?? '');
  const [type, setType] = useState(alias?.RoutingStrategy.Type ?? 'SIMPLE');
  const [fleetId, setFleetId] = useState(alias?.RoutingStrategy.FleetId ?? '');
  const [message, setMessage] = useState(alias?.RoutingStrategy.Message ?? '');
  const [description, setDescription] = useState(alias?.Description ?? '');
  const [tags, setTags] = useState<Tag[]>([]);
  const strategy: RoutingStrategy = type === 'SIMPLE' ? { Type: type, FleetId: fleetId } : { Type: type, Message: message };
  const problem = !name
    ? text.alias.needsName
    : type === 'SIMPLE' && !fleetId
      ? text.alias.needsFleet
      : type === 'TERMINAL' && !message
        ? text.alias.needsMessage
        : null;
  const moved =
    alias &&
    (alias.RoutingStrategy.Type !== type ||
      (type === 'SIMPLE' && alias.RoutingStrategy.FleetId !== fleetId));
  return (
    <FormModal
      title={alias ? text.alias.modifyTitle(alias.Name) : text.alias.create}
      done={alias ? text.common.saved : text.common.createdDone}
      problem={problem}
      onClose={onClose}
      work={async (run) => {
        if (alias) {
          await run('UpdateAlias', { AliasId: alias.AliasId, Name: name, Description: description, RoutingStrategy: strategy });
        } else {
          await run('CreateAlias', {
            Name: name,
            RoutingStrategy: strategy,
            ...(description ? { Description: description } : {}),
            ...(tags.length > 0 ? { Tags: tags } : {}),
          });
        }
      }}
    >
      <TextField label={text.common.name} required value={name} onChange={setName} maxlength={1024} />
      <ChoiceField
        label={text.alias.type}
        value={type}
        onChange={setType}
        options={[
          { value: 'SIMPLE', label: text.alias.simple, hint: text.alias.simpleHint },
          { value: 'TERMINAL', label: text.alias.terminal, hint: text.alias.terminalHint },
        ]}
      />
      {type === 'SIMPLE' ? (
        <SelectField
          label={text.alias.fleet}
          required
          value={fleetId}
          onChange={setFleetId}
          placeholder={text.common.choose}
          hint={fleets.length === 0 ? text.alias.noFleets : undefined}
          options={fleets.map(({ attributes }) => ({
            value: attributes.FleetId,
            label: `${attributes.Name} · ${attributes.FleetId} · ${attributes.Status}`,
          }))}
        />
      ) : (
        <TextField label={text.alias.message} required lines={2} value={message} onChange={setMessage} hint={text.alias.messageHint} />
      )}
      <TextField label={text.common.description} value={description} onChange={setDescription} lines={2} />
      {!alias && <TagEditor tags={tags} onChange={setTags} />}
      {moved && <Note tone="warning">{text.alias.movedWarning}</Note>}
    </FormModal>
  );
}
