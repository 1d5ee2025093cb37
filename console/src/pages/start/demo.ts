import { storeDemoPackage } from '../../api/client';
import type { Run } from '../../hooks/api';
import { kAllPorts } from '../fleets/ports';

export const kDemoName = 'demo-chat';
export const kSecondName = 'demo-chat-v2';
export const kMadeByWizard = 'Made by the getting started wizard';
const kProcesses = 10;
const kPlayers = 8;

/** What the wizard makes, one thing each. */
export async function upload(run: Run, region: string, version: 'v1' | 'v2' = 'v1'): Promise<string> {
  const BucketKey = await storeDemoPackage(region, version);
  const { AssetId } = await run('CreateAsset', {
    BucketKey,
    AssetName: kDemoName,
    AssetVersion: version,
    AssetRegion: region,
    OperateSystem: 'CentOS7.16',
  });
  return AssetId;
}

export async function createFleet(run: Run, assetId: string, name = kDemoName, description = kMadeByWizard): Promise<string> {
  const { InstanceTypeList } = await run('DescribeInstanceTypes', {});
  const { FleetAttributes } = await run('CreateFleet', {
    AssetId: assetId,
    Name: name,
    Description: description,
    InstanceType: InstanceTypeList[0]?.InstanceType ?? 'S5.LARGE8',
    InboundPermissions: [kAllPorts],
    RuntimeConfiguration: {
      ServerProcesses: [{ LaunchPath: '/local/game/start.sh', Parameters: '', ConcurrentExecutions: kProcesses }],
    },
  });
  return FleetAttributes.FleetId;
}

export async function createSession(run: Run, fleetId: string): Promise<string> {
  const { GameServerSession } = await run('CreateGameServerSession', {
    FleetId: fleetId,
    MaximumPlayerSessionCount: kPlayers,
    Name: 'demo',
  });
  return GameServerSession.GameServerSessionId;
}

/** An alias that leads to the fleet: one that is there, or a new one. */
export async function aliasOf(run: Run, fleetId: string): Promise<string> {
  const { Resources } = await run('DescribeFleetRelatedResources', { FleetId: fleetId });
  const found = Resources.find((one) => one.Type === 'ALIAS');
  if (found) return found.ResourceId;
  const { Alias } = await run('CreateAlias', { Name: kDemoName, RoutingStrategy: { Type: 'SIMPLE', FleetId: fleetId } });
  return Alias.AliasId;
}
