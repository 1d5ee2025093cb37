import { useState } from 'react';
import type { DiskInfo, FleetAttributes } from '../../../api/types';
import { useText } from '../../../i18n';
import { Fact, Facts, Id, Tags, Time } from '../../../ui/Bits';
import { ActionButton } from '../../../ui/Button';
import { NumberField, SelectField, TextField } from '../../../ui/Field';
import { FormModal } from '../../../ui/FormModal';
import { Card } from '../../../ui/Page';
import { TagsModal } from '../../../ui/TagsModal';
import { Ccn } from './Ccn';

export function BasicTab({ fleet }: { fleet: FleetAttributes }) {
  const text = useText();
  const [open, setOpen] = useState<'edit' | 'tags' | null>(null);
  const protections: Record<string, string | undefined> = text.fleet.protections;
  const limit = fleet.ResourceCreationLimitPolicy;
  const types: Record<string, string | undefined> = text.fleet.diskTypes;
  const disk = (one: DiskInfo) => text.fleet.diskValue(types[one.DiskType] ?? one.DiskType, one.DiskSize);
  return (
    <>
      <Card
        title={text.common.basic}
        actions={
          <>
            <ActionButton size="small" onClick={() => setOpen('edit')}>
              {text.common.modify}
            </ActionButton>
            <ActionButton size="small" onClick={() => setOpen('tags')}>
              {text.common.editTags}
            </ActionButton>
          </>
        }
      >
        <Facts>
          <Fact label={text.common.name}>{fleet.Name}</Fact>
          <Fact label="FleetId">
            <Id value={fleet.FleetId} />
          </Fact>
          <Fact label={text.common.description}>{fleet.Description || '–'}</Fact>
          <Fact label={text.fleet.asset}>
            <Id value={fleet.AssetId} />
          </Fact>
          <Fact label={text.fleet.instanceType}>{fleet.InstanceType}</Fact>
          <Fact label={text.fleet.os}>{fleet.OperatingSystem || '–'}</Fact>
          <Fact label={text.fleet.protection}>
            {protections[fleet.NewGameServerSessionProtectionPolicy] ?? fleet.NewGameServerSessionProtectionPolicy}
            {fleet.NewGameServerSessionProtectionPolicy === 'TimeLimitProtection' && ` · ${text.fleet.minutes(fleet.GameServerSessionProtectionTimeLimit)}`}
          </Fact>
          <Fact label={text.fleet.creatorLimit}>
            {limit?.NewGameServerSessionsPerCreator
              ? text.fleet.creatorLimitValue(limit.NewGameServerSessionsPerCreator, limit.PolicyPeriodInMinutes ?? 0)
              : text.fleet.unlimited}
          </Fact>
          <Fact label={text.fleet.bandwidth}>{fleet.InternetMaxBandwidthOut} Mbps</Fact>
          <Fact label={text.fleet.systemDisk}>{fleet.SystemDiskInfo?.DiskSize ? disk(fleet.SystemDiskInfo) : '–'}</Fact>
          <Fact label={text.fleet.dataDisks}>{fleet.DataDiskInfo.map(disk).join(', ') || '–'}</Fact>
          <Fact label={text.common.created}>
            <Time value={fleet.CreationTime} />
          </Fact>
          <Fact label={text.common.tags}>
            <Tags tags={fleet.Tags} />
          </Fact>
          <Fact label="ARN">
            <Id value={fleet.FleetArn} />
          </Fact>
        </Facts>
        {open === 'edit' && <Edit fleet={fleet} onClose={() => setOpen(null)} />}
        {open === 'tags' && <TagsModal arn={fleet.FleetArn} tags={fleet.Tags} onClose={() => setOpen(null)} />}
      </Card>
      <Ccn fleetId={fleet.FleetId} />
    </>
  );
}

function Edit({ fleet, onClose }: { fleet: FleetAttributes; onClose: () => void }) {
  const text = useText();
  const [name, setName] = useState(fleet.Name);
  const [description, setDescription] = useState(fleet.Description);
  const [protection, setProtection] = useState(fleet.NewGameServerSessionProtectionPolicy);
  const [minutes, setMinutes] = useState<number | null>(fleet.GameServerSessionProtectionTimeLimit || 60);
  const [perCreator, setPerCreator] = useState<number | null>(fleet.ResourceCreationLimitPolicy?.NewGameServerSessionsPerCreator || null);
  const [period, setPeriod] = useState<number | null>(fleet.ResourceCreationLimitPolicy?.PolicyPeriodInMinutes || null);
  const limited = protection === 'TimeLimitProtection';
  const problem =
    name.length < 1 || name.length > 50
      ? text.fleet.nameRange
      : description.length > 100
        ? text.fleet.descriptionRange
        : limited && (minutes === null || minutes < 5 || minutes > 1440)
          ? text.fleet.protectionRange
          : (perCreator === null) !== (period === null)
            ? text.fleet.creatorBoth
            : null;
  return (
    <FormModal
      title={text.fleet.editTitle(fleet.Name)}
      done={text.common.saved}
      problem={problem}
      onClose={onClose}
      work={async (run) => {
        await run('UpdateFleetAttributes', {
          FleetId: fleet.FleetId,
          Name: name,
          Description: description,
          NewGameSessionProtectionPolicy: protection,
          ResourceCreationLimitPolicy: { NewGameServerSessionsPerCreator: perCreator ?? 0, PolicyPeriodInMinutes: period ?? 0 },
          ...(limited && minutes !== null ? { GameServerSessionProtectionTimeLimit: minutes } : {}),
        });
      }}
    >
      <TextField label={text.common.name} required value={name} onChange={setName} />
      <TextField label={text.common.description} lines={2} value={description} onChange={setDescription} />
      <SelectField
        label={text.fleet.protection}
        value={protection}
        onChange={setProtection}
        hint={text.fleet.protectionHint}
        options={Object.entries(text.fleet.protections).map(([value, label]) => ({ value, label }))}
      />
      {limited && <NumberField label={text.fleet.protectionMinutes} value={minutes} onChange={setMinutes} unit={text.common.minutes} />}
      <div className="row">
        <NumberField label={text.fleet.perCreator} value={perCreator} onChange={setPerCreator} placeholder={text.fleet.unlimited} />
        <NumberField label={text.fleet.period} value={period} onChange={setPeriod} unit={text.common.minutes} />
      </div>
    </FormModal>
  );
}
