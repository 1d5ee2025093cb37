import { describe, expect, it } from 'vitest';
import type { FleetAttributes } from '../../api/types';
import { en } from '../../i18n/en';
import { diskFits, kDataDisk, kSystemDisk } from './disks';
import { fieldsOf, firstFields, type FleetFields, fleetProblem, fleetRequest } from './fleet-fields';

const good: FleetFields = { ...firstFields('asset-1'), name: 'arena', instanceType: 'S5.LARGE8' };

describe('what a new fleet may be', () => {
  it.each<[string, Partial<FleetFields>, string | null]>([
    ['the form as it opens, with a name', {}, null],
    ['a name of 50 characters, however many bytes', { name: '名'.repeat(50) }, null],
    ['51 are too many', { name: 'n'.repeat(51) }, en.fleet.nameRange],
    ['without an asset', { assetId: '' }, en.fleet.needsAsset],
    ['a description of 101', { description: 'd'.repeat(101) }, en.fleet.descriptionRange],
    ['a tag without a key', { tags: [{ Key: '', Value: 'x' }] }, en.common.tagNeedsKey],
    ['a key twice', { tags: [{ Key: 'a', Value: 'x' }, { Key: 'a', Value: 'y' }] }, en.common.tagTwice],
    ['an SSD as small as a premium disk', { systemDisk: { DiskType: 'CLOUD_SSD', DiskSize: 50 } }, en.fleet.diskRange],
    ['a data disk between two steps', { dataDisks: [{ DiskType: 'CLOUD_PREMIUM', DiskSize: 105 }] }, en.fleet.diskRange],
    ['no bandwidth is the default', { bandwidth: null }, null],
    ['201 Mbps', { bandwidth: 201 }, en.fleet.bandwidthRange],
    ['a CCN without its owner', { ccn: true, ccnId: 'ccn-1' }, en.fleet.ccnBoth],
    ['a CCN that was taken back', { ccn: false, ccnId: 'ccn-1' }, null],
    ['four minutes of protection', { protection: 'TimeLimitProtection', protectionMinutes: 4 }, en.fleet.protectionRange],
    ['minutes that nobody asks for', { protection: 'FullProtection', protectionMinutes: null }, null],
    ['half a creator limit', { perCreator: 3 }, en.fleet.creatorBoth],
    ['51 processes in two rows', { runtime: { ServerProcesses: [50, 1].map((ConcurrentExecutions) => ({ LaunchPath: '/local/game/a', ConcurrentExecutions })) } }, en.process.countRange],
    ['a path that leads elsewhere', { runtime: { ServerProcesses: [{ LaunchPath: '/bin/sh', ConcurrentExecutions: 1 }] } }, en.process.pathPrefix],
    ['more activations at once than allowed', { runtime: { ...good.runtime, MaxConcurrentGameServerSessionActivations: 20_001 } }, en.process.activationsRange],
    ['no port rule', { ports: [] }, en.port.needsOne],
    ['a port below 1025', { ports: [{ FromPort: 80, ToPort: 2000, Protocol: 'TCP', IpRange: '0.0.0.0/0' }] }, en.port.range],
  ])('%s', (_, change, problem) => expect(fleetProblem({ ...good, ...change }, en)).toBe(problem));
});

describe('disks', () => {
  it.each([
    ['CLOUD_PREMIUM', 50, kSystemDisk, true],
    ['CLOUD_PREMIUM', 49, kSystemDisk, false],
    ['CLOUD_SSD', 100, kSystemDisk, true],
    ['CLOUD_PREMIUM', 501, kSystemDisk, false],
    ['CLOUD_PREMIUM', 10, kDataDisk, true],
    ['CLOUD_SSD', 10, kDataDisk, false],
    ['CLOUD_SSD', 32_000, kDataDisk, true],
  ])('%s of %i GB', (DiskType, DiskSize, rule, fits) => expect(diskFits({ DiskType, DiskSize }, rule)).toBe(fits));
});

describe('what is sent', () => {
  it('leaves out what was left empty', () => {
    const sent = fleetRequest({ ...good, bandwidth: null });
    for (const name of ['Description', 'Tags', 'CcnInfos', 'DataDiskInfo', 'InternetMaxBandwidthOut', 'ResourceCreationLimitPolicy']) expect(sent).not.toHaveProperty(name);
    expect(sent.SystemDiskInfo).toEqual({ DiskType: 'CLOUD_PREMIUM', DiskSize: 50 });
  });
  it('a copy takes what the other fleet has', () => {
    const from = { Name: 'old', AssetId: 'asset-0', Description: 'd', InstanceType: 'S5.SMALL1', NewGameServerSessionProtectionPolicy: 'FullProtection', GameServerSessionProtectionTimeLimit: 0, InternetMaxBandwidthOut: 7, SystemDiskInfo: { DiskType: 'CLOUD_SSD', DiskSize: 200 }, DataDiskInfo: [{ DiskType: 'CLOUD_SSD', DiskSize: 100 }], Tags: [{ Key: 'a', Value: 'b' }] } as unknown as FleetAttributes;
    const sent = fleetRequest(fieldsOf(from, good.runtime, good.ports, ''));
    expect(sent).toMatchObject({ Name: 'old', AssetId: 'asset-0', InternetMaxBandwidthOut: 7, SystemDiskInfo: from.SystemDiskInfo, DataDiskInfo: from.DataDiskInfo, Tags: from.Tags });
    expect(fieldsOf(from, good.runtime, good.ports, 'asset-9').assetId).toBe('asset-9');
  });
});
