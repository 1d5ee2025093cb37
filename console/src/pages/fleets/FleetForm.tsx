import { useEffect, useState } from 'react';
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
import { DeploymentFields } from './DeploymentFields';
import { fieldsOf, firstFields, type FleetFields, fleetProblem, fleetRequest } from './fleet-fields';
import { PortFields } from './PortFields';
import { RuntimeFields } from './RuntimeFields';

const kUploaded = 2;

/** The create form with all its sections; with `copyOf`, filled in from another fleet. */
export default function FleetForm({ assetId, copyOf }: { assetId: string; copyOf: string }) {
  const text = useText();
  const toast = useToast();
  const { region } = useConsole();
  const [fields, setFields] = useState(() => firstFields(assetId));
  const set = (change: Partial<FleetFields>) => setFields((before) => ({ ...before, ...change }));
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
    setFields((before) => fieldsOf(from, runtime.data.RuntimeConfiguration, ports.data.InboundPermissions, before.assetId));
  }, [filled, original.data, runtime.data, ports.data]);

  const whole = { ...fields, instanceType: fields.instanceType || types.data?.InstanceTypeList[0]?.InstanceType || '' };
  const ready = (assets.data ?? []).filter((asset) => asset.Stauts === kUploaded);
  const chosen = ready.find((asset) => asset.AssetId === fields.assetId);
  const problem = fleetProblem(whole, text);
  const send = () =>
    submit(async (run) => {
      const { FleetAttributes } = await run('CreateFleet', fleetRequest(whole));
      toast(text.common.createdDone);
      go(to('fleets', FleetAttributes.FleetId, 'events'));
    });
  return (
    <Page title={copying ? text.fleet.copyTitle(original.data?.FleetAttributes[0]?.Name ?? copyOf) : text.fleet.create} back={<Link to="/fleets">← {text.menu.fleets}</Link>}>
      <form
        className="form form-page"
        onSubmit={(event) => {
          event.preventDefault();
          if (!problem) void send();
        }}
      >
        <Card title={text.fleet.sectionBasic}>
          <TextField label={text.common.name} required value={fields.name} onChange={(name) => set({ name })} hint={text.fleet.nameRange} />
          <div className="field">
            <div className="field-label">{text.fleet.resourceType}</div>
            {text.fleet.asset}
            <div className="field-hint">{text.fleet.noImages}</div>
          </div>
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
          <DeploymentFields fields={whole} types={types.data?.InstanceTypeList ?? []} onChange={set} />
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
          {fields.protection === 'TimeLimitProtection' && <NumberField label={text.fleet.protectionMinutes} value={fields.protectionMinutes} onChange={(protectionMinutes) => set({ protectionMinutes })} unit={text.common.minutes} />}
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
