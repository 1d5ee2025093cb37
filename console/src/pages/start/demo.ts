import { storeDemoPackage } from '../../api/client';
import type { Run } from '../../hooks/api';
import { kAllPorts } from '../fleets/PortFields';

const kProcesses = 10;
const kPlayers = 8;

/** The four things that the wizard makes. */
export async function upload(run: Run, region: string): Promise<string> {
  const BucketKey = await storeDemoPackage(region, 'v1');
  const { AssetId } = await run('CreateAsset', {
    BucketKey,
    AssetName: 'demo-chat',
    AssetVersion: 'v1',
    AssetRegion: region,
    OperateSystem: 'CentOS7.16',
  });
  return AssetId;
}

export async function createFleet(run: Run, assetId: string): Promise<string> {
  const { InstanceTypeList } = await run('DescribeInstanceTypes', {});
  const { FleetAttributes } = await run('CreateFleet', {
    AssetId: assetId,
    Name: 'demo-chat',
    Description: 'Made by the getting started wizard',
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
