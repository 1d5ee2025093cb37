import type { CreateFleetRequest, DiskInfo, FleetAttributes, InboundPermission, RuntimeConfiguration, Tag } from '../../api/types';
import type { Text } from '../../i18n';
import { diskFits, kDataDisk, kSystemDisk } from './disks';
import { kAllPorts, portProblem } from './ports';
import { runtimeProblem } from './runtime';

/** What the create form holds. */
export interface FleetFields {
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
  systemDisk: DiskInfo;
  dataDisks: DiskInfo[];
  ccn: boolean;
  ccnAccount: string;
  ccnId: string;
  tags: Tag[];
}

export const kFirstSystemDisk: DiskInfo = { DiskType: 'CLOUD_PREMIUM', DiskSize: 50 };

export function firstFields(assetId: string): FleetFields {
  return {
    name: '',
    assetId,
    description: '',
    instanceType: '',
    runtime: {
      ServerProcesses: [{ LaunchPath: '/local/game/start.sh', Parameters: '', ConcurrentExecutions: 10 }],
      GameServerSessionActivationTimeoutSeconds: 600,
    },
    ports: [kAllPorts],
    protection: 'NoProtection',
    protectionMinutes: 60,
    perCreator: null,
    period: null,
    bandwidth: 100,
    systemDisk: kFirstSystemDisk,
    dataDisks: [],
    ccn: false,
    ccnAccount: '',
    ccnId: '',
    tags: [],
  };
}

/** The form filled in from another fleet. An asset that was chosen already stays. */
export function fieldsOf(from: FleetAttributes, runtime: RuntimeConfiguration, ports: InboundPermission[], assetId: string): FleetFields {
  return {
    ...firstFields(assetId || from.AssetId),
    name: from.Name,
    description: from.Description,
    instanceType: from.InstanceType,
    runtime,
    ports,
    protection: from.NewGameServerSessionProtectionPolicy,
    protectionMinutes: from.GameServerSessionProtectionTimeLimit || 60,
    perCreator: from.ResourceCreationLimitPolicy?.NewGameServerSessionsPerCreator || null,
    period: from.ResourceCreationLimitPolicy?.PolicyPeriodInMinutes || null,
    bandwidth: from.InternetMaxBandwidthOut || null,
    systemDisk: from.SystemDiskInfo?.DiskSize ? from.SystemDiskInfo : kFirstSystemDisk,
    dataDisks: from.DataDiskInfo ?? [],
    tags: from.Tags,
  };
}

const within = (value: number | null, low: number, high: number) => value !== null && Number.isInteger(value) && value >= low && value <= high;
const limited = (fields: FleetFields) => fields.protection === 'TimeLimitProtection';

/** The first thing that the server would refuse, or null. */
export function fleetProblem(fields: FleetFields, text: Text): string | null {
  const words = text.fleet;
  const checks: [boolean, string][] = [
    [within([...fields.name].length, 1, 50), words.nameRange],
    [fields.assetId !== '', words.needsAsset],
    [[...fields.description].length <= 100, words.descriptionRange],
    [fields.tags.every((tag) => tag.Key !== ''), text.common.tagNeedsKey],
    [new Set(fields.tags.map((tag) => tag.Key)).size === fields.tags.length, text.common.tagTwice],
    [fields.instanceType !== '', words.needsType],
    [diskFits(fields.systemDisk, kSystemDisk) && fields.dataDisks.every((disk) => diskFits(disk, kDataDisk)), words.diskRange],
    [fields.bandwidth === null || within(fields.bandwidth, 1, 200), words.bandwidthRange],
    [!fields.ccn || (/^\d{1,20}$/.test(fields.ccnAccount) && fields.ccnId !== ''), words.ccnBoth],
    [!limited(fields) || within(fields.protectionMinutes, 5, 1440), words.protectionRange],
    [(fields.perCreator === null) === (fields.period === null), words.creatorBoth],
  ];
  const failed = checks.find(([holds]) => !holds);
  return failed?.[1] ?? runtimeProblem(fields.runtime, text) ?? portProblem(fields.ports, text);
}

export function fleetRequest(fields: FleetFields): CreateFleetRequest {
  return {
    AssetId: fields.assetId,
    Name: fields.name,
    InstanceType: fields.instanceType,
    RuntimeConfiguration: fields.runtime,
    InboundPermissions: fields.ports,
    NewGameServerSessionProtectionPolicy: fields.protection,
    SystemDiskInfo: fields.systemDisk,
    ...(fields.dataDisks.length > 0 ? { DataDiskInfo: fields.dataDisks } : {}),
    ...(fields.description ? { Description: fields.description } : {}),
    ...(limited(fields) && fields.protectionMinutes ? { GameServerSessionProtectionTimeLimit: fields.protectionMinutes } : {}),
    ...(fields.perCreator && fields.period
      ? { ResourceCreationLimitPolicy: { NewGameServerSessionsPerCreator: fields.perCreator, PolicyPeriodInMinutes: fields.period } }
      : {}),
    ...(fields.bandwidth ? { InternetMaxBandwidthOut: fields.bandwidth } : {}),
    ...(fields.ccn ? { CcnInfos: [{ AccountId: fields.ccnAccount, CcnId: fields.ccnId }] } : {}),
    ...(fields.tags.length > 0 ? { Tags: fields.tags } : {}),
  };
}
