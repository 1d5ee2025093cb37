import { useEffect, useState } from 'react';
import type { InboundPermission, RuntimeConfiguration, Tag } from '../../api/types';
import { useConsole } from '../../app/console';
import { go, Link, to } from '../../app/router';
import { useApi, useSubmit } from '../../hooks/api';
import { useAll } from '../../hooks/lists';
import { useText } from '../../i18n';
import { Note } from '../../ui/Bits';
import { ActionButton, Button } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';
import { NumberField, SelectField, TextField } from '../../ui/Field';
import { Card, Page } from '../../ui/Page';
import { TagEditor } from '../../ui/TagEditor';
import { useToast } from '../../ui/Toast';
import { kAllPorts, PortFields, portProblem } from './PortFields';
import { RuntimeFields, runtimeProblem } from './RuntimeFields';

const kFirstRuntime: RuntimeConfiguration = {
  ServerProcesses: [{ LaunchPath: '/local/game/start.sh', Parameters: '', ConcurrentExecutions: 10 }],
  GameServerSessionActivationTimeoutSeconds: 600,
};

interface Fields {
  name: string;
  assetId: string;
  description: string;
  instanceType: string;
  runtime: RuntimeConfiguration;
  ports: InboundPermission[];
  protection: string;
  protectionMinutes: number | null;
  perCreator: number | null;
  period: number | null;
  bandwidth: number | null;
  ccnAccount: string;
  ccnId: string;
  tags: Tag[];
}

/** The create form with all its sections; with `copyOf`, filled in from another fleet. */
export default function FleetForm({ assetId, copyOf }: { assetId: string; copyOf: string }) {
  const text = useText();
  const toast = useToast();
  const { region } = useConsole();
  const [fields, setFields] = useState<Fields>({
    name: '',
    assetId,
    description: '',
    instanceType: '',
    runtime: kFirstRuntime,
    ports: [kAllPorts],
    protection: 'NoProtection',
    protectionMinutes: 60,
    perCreator: null,
    period: null,
    bandwidth: 100,
    ccnAccount: '',
    ccnId: '',
    tags: [],
  });
  const set = (change: Partial<Fields>) => setFields((before) => ({ ...before, ...change }));
  const { busy, error, submit } = useSubmit();
  const assets = useAll('DescribeAssets', { AssetRegion: region }, (page) => page.Assets);
  const types = useApi('DescribeInstanceTypes', {});
  const copying = copyOf !== '';
  const original = useApi('DescribeFleetAttributes', { FleetIds: [copyOf] }, { enabled: copying });
  const runtime = useApi('DescribeRuntimeConfiguration', { FleetId: copyOf }, { enabled: copying });
  const ports = useApi('DescribeFleetPortSettings', { FleetId: copyOf }, { enabled: copying });
  const [filled, setFilled] = useState(false);

  useEffect(() => {
    const from = original.data?.FleetAttributes[0];
    if (filled || !from || !runtime.data || !ports.data) return;
    setFilled(true);
    setFields((before) => ({
      ...before,
      name: from.Name,
      assetId: before.assetId || from.AssetId,
      description: from.Description,
      instanceType: from.InstanceType,
      runtime: runtime.data.RuntimeConfiguration,
      ports: ports.data.InboundPermissions,
      protection: from.NewGameServerSessionProtectionPolicy,
      protectionMinutes: from.GameServerSessionProtectionTimeLimit || 60,
      perCreator: from.ResourceCreationLimitPolicy?.NewGameServerSessionsPerCreator || null,
      period: from.ResourceCreationLimitPolicy?.PolicyPeriodInMinutes || null,
      bandwidth: from.InternetMaxBandwidthOut || null,
      tags: from.Tags,
    }));
  }, [filled, original.data, runtime.data, ports.data]);

  const instanceType = fields.instanceType || types.data?.InstanceTypeList[0]?.InstanceType || '';
  const limited = fields.protection === 'TimeLimitProtection';
  const ready = (assets.data ?? []).filter((asset) => asset.Stauts === 2);
  const chosen = ready.find((asset) => asset.AssetId === fields.assetId);
  const problem =
    fields.name.length < 1 || fields.name.length > 50
      ? text.fleet.nameRange
      : !fields.assetId
        ? text.fleet.needsAsset
        : fields.description.length > 100
          ? text.fleet.descriptionRange
          : !instanceType
            ? text.fleet.needsType
            : (runtimeProblem(fields.runtime, text) ??
              portProblem(fields.ports, text) ??
              (limited && (fields.protectionMinutes === null || fields.protectionMinutes < 5 || fields.protectionMinutes > 1440)
                ? text.fleet.protectionRange
                : (fields.perCreator === null) !== (fields.period === null)
                  ? text.fleet.creatorBoth
                  : fields.bandwidth !== null && (fields.bandwidth < 1 || fields.bandwidth > 200)
                    ? text.fleet.bandwidthRange
                    : Boolean(fields.ccnAccount) !== Boolean(fields.ccnId)
                      ? text.fleet.ccnBoth
                      : null));
  const send = () =>
    submit(async (run) => {
      const { FleetAttributes } = await run('CreateFleet', {
        AssetId: fields.assetId,
        Name: fields.name,
        InstanceType: instanceType,
        RuntimeConfiguration: fields.runtime,
        InboundPermissions: fields.ports,
        NewGameServerSessionProtectionPolicy: fields.protection,
        ...(fields.description ? { Description: fields.description } : {}),
        ...(limited && fields.protectionMinutes ? { GameServerSessionProtectionTimeLimit: fields.protectionMinutes } : {}),
        ...(fields.perCreator && fields.period
          ? { ResourceCreationLimitPolicy: { NewGameServerSessionsPerCreator: fields.perCreator, PolicyPeriodInMinutes: fields.period } }
          : {}),
        ...(fields.bandwidth ? { InternetMaxBandwidthOut: fields.bandwidth } : {}),
        ...(fields.ccnId ? { CcnInfos: [{ AccountId: fields.ccnAccount, CcnId: fields.ccnId }] } : {}),
        ...(fields.tags.length > 0 ? { Tags: fields.tags } : {}),
      });
      toast(text.common.createdDone);
      go(to('fleets', FleetAttributes.FleetId, 'events'));
    });
  return (
    <Page title={copying ? text.fleet.copyTitle(copyOf) : text.fleet.create} back={<Link to="/fleets">← {text.menu.fleets}</Link>}>
      <form
        className="form form-page"
        onSubmit={(event) => {
          event.preventDefault();
          if (!problem) void send();
        }}
      >
        <Card title={text.fleet.sectionBasic}>
          <TextField label={text.common.name} required value={fields.name} onChange={(name) => set({ name })} hint={text.fleet.nameRange} />
          <SelectField
            label={text.fleet.asset}
            required
            value={fields.assetId}
            onChange={(next) => set({ assetId: next })}
            placeholder={text.common.choose}
            options={ready.map((asset) => ({ value: asset.AssetId, label: `${asset.AssetName} ${asset.AssetVersion} · ${asset.AssetId}` }))}
            hint={
              chosen ? (
                `${chosen.AssetId} · ${chosen.Size} · ${chosen.OperateSystem}`
              ) : assets.data && ready.length === 0 ? (
                <Link to="/assets">{text.fleet.noAssets}</Link>
              ) : undefined
            }
          />
          <TextField label={text.common.description} lines={2} value={fields.description} onChange={(description) => set({ description })} />
          <TagEditor tags={fields.tags} onChange={(tags) => set({ tags })} />
        </Card>
        <Card title={text.fleet.sectionProcesses}>
          <RuntimeFields value={fields.runtime} onChange={(next) => set({ runtime: next })} />
        </Card>
        <Card title={text.fleet.sectionDeployment}>
          <SelectField
            label={text.fleet.instanceType}
            required
            value={instanceType}
            onChange={(next) => set({ instanceType: next })}
            options={(types.data?.InstanceTypeList ?? []).map((type) => ({
              value: type.InstanceType,
              label: `${type.InstanceType} · ${type.Cpu} vCPU · ${type.Memory} GB`,
            }))}
          />
          <NumberField label={text.fleet.bandwidth} value={fields.bandwidth} onChange={(bandwidth) => set({ bandwidth })} unit="Mbps" hint={text.fleet.bandwidthRange} />
          <div className="row">
            <TextField label={text.fleet.ccnAccount} value={fields.ccnAccount} onChange={(ccnAccount) => set({ ccnAccount })} />
            <TextField label={text.fleet.ccnId} value={fields.ccnId} onChange={(ccnId) => set({ ccnId })} placeholder="ccn-…" />
          </div>
          <Note>{text.fleet.capacityLater}</Note>
        </Card>
        <Card title={text.fleet.sectionNetwork}>
          <PortFields rules={fields.ports} onChange={(next) => set({ ports: next })} />
        </Card>
        <Card title={text.fleet.sectionSessions}>
          <SelectField
            label={text.fleet.protection}
            value={fields.protection}
            onChange={(protection) => set({ protection })}
            hint={text.fleet.protectionHint}
            options={Object.entries(text.fleet.protections).map(([value, label]) => ({ value, label }))}
          />
          {limited && <NumberField label={text.fleet.protectionMinutes} value={fields.protectionMinutes} onChange={(protectionMinutes) => set({ protectionMinutes })} unit={text.common.minutes} />}
          <div className="row">
            <NumberField label={text.fleet.perCreator} value={fields.perCreator} onChange={(perCreator) => set({ perCreator })} placeholder={text.fleet.unlimited} />
            <NumberField label={text.fleet.period} value={fields.period} onChange={(period) => set({ period })} unit={text.common.minutes} />
          </div>
        </Card>
        {error && <ErrorBox error={error} />}
        <div className="form-foot">
          {problem && <span className="form-problem">{problem}</span>}
          <Button onClick={() => go('/fleets')}>{text.common.cancel}</Button>
          <ActionButton kind="primary" type="submit" busy={busy} disabled={Boolean(problem)}>
            {text.fleet.create}
          </ActionButton>
        </div>
      </form>
    </Page>
  );
}
