// Every action of the service, called through the vendor's own SDK against a real server with a real game: each must
// succeed at least once and be refused at least once, with the code that programs written for it know.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sdk from 'tencentcloud-sdk-nodejs';

import { key, startGseDev } from './gse_dev.mjs';

const { gse } = sdk;
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const region = 'ap-shanghai';
const patience = 40_000;
const actions = Object.getOwnPropertyNames(gse.v20191112.Client.prototype).filter((name) => /^[A-Z]/.test(name));
const answered = new Set();
const refused = new Set();

let server;
let client;

/** The answer of a call that must succeed. */
async function ok(action, parameters = {}) {
  const answer = await client[action](parameters).catch((error) => assert.fail(`${action}: ${error.code}: ${error.message}`));
  assert.match(answer.RequestId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, action);
  answered.add(action);
  return answer;
}

/** The error of a call that must be refused with `code`. */
async function no(action, parameters, code) {
  // The SDK drops what its types do not know; the raw request sends everything.
  const error = await client.request(action, parameters)
    .then((value) => assert.fail(`${action} answered ${JSON.stringify(value)}`), (e) => e);
  assert.equal(error.code, code, `${action}: ${error.message}`);
  refused.add(action);
  return error;
}

/** Asks again until `ready` holds of the answer. */
async function until(what, ask, ready) {
  const end = Date.now() + patience;
  for (;;) {
    const seen = await ask();
    if (ready(seen)) return seen;
    assert.ok(Date.now() < end, `${what}: not within ${patience} ms; last seen ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Everything made in the course of the test, by what it is. */
const made = {};

before(async () => {
  for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY']) delete process.env[name];
  server = await startGseDev();
  client = new gse.v20191112.Client({
    credential: key,
    region,
    profile: { httpProfile: { endpoint: server.http, protocol: 'http://', reqTimeout: 20 } },
  });
});

after(async () => {
  if (server) await server.stop();
});

test('assets', async () => {
  const zip = path.join(server.data, 'chat.zip');
  await promisify(execFile)(path.join(root, 'examples/chat/package.sh'), [zip, 'Every action']);
  const grant = await ok('GetUploadCredentials', { AssetRegion: region, BucketKey: 'every/chat.zip' });
  await no('GetUploadCredentials', { AssetRegion: 'mars-north', BucketKey: 'x.zip' }, 'InvalidParameterValue');
  const put = await fetch(`http://${server.http}/objects/${grant.BucketName}/every/chat.zip`,
                          { method: 'PUT', headers: { authorization: grant.BucketAuth }, body: await readFile(zip) });
  assert.equal(put.status, 200, await put.text());

  const { AssetSupportSys: systems } = await ok('DescribeAssetSystems', {});
  await no('DescribeAssetSystems', { OsBit: 'many' }, 'InvalidParameter');
  const system = systems.find(({ OsType }) => OsType === 'CentOS').OsVersion;
  const asset = await ok('CreateAsset', {
    BucketKey: 'every/chat.zip', AssetName: 'chat', AssetVersion: '1', AssetRegion: region, OperateSystem: system,
  });
  made.asset = asset.AssetId;
  await no('CreateAsset', { BucketKey: 'nothing.zip', AssetName: 'chat', AssetVersion: '1', AssetRegion: region, OperateSystem: system },
           'ResourceNotFound');
  const text = await ok('GetUploadCredentials', { AssetRegion: region, BucketKey: 'every/notes.txt' });
  assert.equal((await fetch(`http://${server.http}/objects/${text.BucketName}/every/notes.txt`,
                            { method: 'PUT', headers: { authorization: text.BucketAuth }, body: 'not a zip' })).status, 200);
  await no('CreateAsset', { BucketKey: 'every/notes.txt', AssetName: 'notes', AssetVersion: '1', AssetRegion: region, OperateSystem: system },
           'InvalidParameterValue');
  assert.equal((await ok('DescribeAsset', { AssetId: made.asset })).Asset.AssetName, 'chat');
  await no('DescribeAsset', { AssetId: 'asset-nothing' }, 'ResourceNotFound');
  assert.ok((await ok('DescribeAssets', { AssetRegion: region, Offset: 0, Limit: 10 })).TotalCount >= 1);
  await no('DescribeAssets', { AssetRegion: region, Offset: 0 }, 'MissingParameter');
  await ok('UpdateAsset', { AssetId: made.asset, AssetName: 'chat', AssetVersion: '1.1' });
  await no('UpdateAsset', { AssetId: 'asset-nothing', AssetName: 'chat', AssetVersion: '2' }, 'ResourceNotFound');

  const image = await ok('CreateAssetWithImage', {
    AssetName: 'image', AssetVersion: '1', AssetRegion: region, ImageId: 'img-1234', ImageSize: '50GB', ImageOs: 'CentOS 7.6 64bit',
    OsType: 'CentOS', ImageType: 'SHARED_IMAGE', OsBit: 64,
  });
  await no('CreateAssetWithImage', { AssetName: 'image' }, 'MissingParameter');
  await ok('DeleteAsset', { AssetId: image.AssetId });
  await no('DeleteAsset', { AssetId: image.AssetId }, 'ResourceNotFound');

  const federation = await ok('GetUploadFederationToken', {});
  assert.equal(typeof federation.AssetCredentials.Token, 'string');
  await no('GetUploadFederationToken', { Colour: 'green' }, 'UnknownParameter');
  await ok('UpdateBucketCORSOpt', { AllowedOrigins: ['https://studio.example'], AllowedMethods: ['PUT'], MaxAgeSeconds: 60 });
  await no('UpdateBucketCORSOpt', { AllowedOrigins: ['*'] }, 'MissingParameter');
  await ok('UpdateBucketAccelerateOpt', { Allowed: true });
  await no('UpdateBucketAccelerateOpt', {}, 'MissingParameter');
});

test('fleets', async () => {
  const wish = {
    AssetId: made.asset,
    Name: 'every',
    InstanceType: 'S5.LARGE8',
    InboundPermissions: [{ FromPort: 10000, ToPort: 20000, Protocol: 'TCP', IpRange: '0.0.0.0/0' }],
    RuntimeConfiguration: {
      GameServerSessionActivationTimeoutSeconds: 60,
      ServerProcesses: [{ LaunchPath: '/local/game/start.sh', ConcurrentExecutions: 3, Parameters: '' }],
    },
  };
  made.fleet = (await ok('CreateFleet', wish)).FleetAttributes.FleetId;
  await no('CreateFleet', { ...wish, AssetId: 'asset-nothing' }, 'ResourceNotFound');
  const FleetId = made.fleet;
  await until('the fleet becomes ACTIVE', () => ok('DescribeFleetAttributes', { FleetIds: [FleetId], Limit: 1, Offset: 0 }),
              ({ FleetAttributes: [fleet] }) => fleet.Status === 'ACTIVE');
  await no('DescribeFleetAttributes', { FleetIds: ['fleet-nothing'] }, 'ResourceNotFound');
  assert.ok((await ok('ListFleets', { Limit: 10, Offset: 0 })).FleetIds.includes(FleetId));
  await no('ListFleets', { Filters: [{ Key: 'colour', Values: ['x'] }] }, 'InvalidParameterValue');
  assert.ok((await ok('DescribeFleetEvents', { FleetId, Limit: 10, Offset: 0 })).TotalCount > 1);
  await no('DescribeFleetEvents', { FleetId: 'fleet-nothing' }, 'ResourceNotFound');
  await ok('DescribeFleetRelatedResources', { FleetId });
  await no('DescribeFleetRelatedResources', {}, 'MissingParameter');
  await ok('DescribeFleetUtilization', { FleetIds: [FleetId] });
  await no('DescribeFleetUtilization', { FleetIds: ['fleet-nothing'] }, 'ResourceNotFound');

  await ok('UpdateFleetAttributes', { FleetId, Description: 'changed', NewGameSessionProtectionPolicy: 'FullProtection' });
  await no('UpdateFleetAttributes', { FleetId, NewGameSessionProtectionPolicy: 'Sometimes' }, 'InvalidParameterValue');
  await ok('UpdateFleetName', { FleetId, Name: 'renamed' });
  await no('UpdateFleetName', { FleetId: 'fleet-nothing', Name: 'renamed' }, 'ResourceNotFound');
  const [fleet] = (await ok('DescribeFleetAttributes', { FleetIds: [FleetId], Limit: 1, Offset: 0 })).FleetAttributes;
  assert.equal(fleet.Name, 'renamed');
  assert.equal(fleet.Description, 'changed');

  await ok('UpdateFleetPortSettings', {
    FleetId, InboundPermissionAuthorizations: [{ FromPort: 30000, ToPort: 30010, Protocol: 'UDP', IpRange: '10.0.0.0/8' }],
  });
  await no('UpdateFleetPortSettings', { FleetId: 'fleet-nothing', InboundPermissionAuthorizations: [] }, 'ResourceNotFound');
  assert.equal((await ok('DescribeFleetPortSettings', { FleetId })).InboundPermissions.length, 2);
  await no('DescribeFleetPortSettings', { FleetId: 'fleet-nothing' }, 'ResourceNotFound');

  const { RuntimeConfiguration: runtime } = await ok('DescribeRuntimeConfiguration', { FleetId });
  await no('DescribeRuntimeConfiguration', { FleetId: 'fleet-nothing' }, 'ResourceNotFound');
  runtime.ServerProcesses[0].ConcurrentExecutions = 4;
  assert.equal((await ok('UpdateRuntimeConfiguration', { FleetId, RuntimeConfiguration: runtime }))
    .RuntimeConfiguration.ServerProcesses[0].ConcurrentExecutions, 4);
  await no('UpdateRuntimeConfiguration', { FleetId: 'fleet-nothing', RuntimeConfiguration: runtime }, 'ResourceNotFound');

  const copies = await ok('CopyFleet', { FleetId, CopyNumber: 1, Name: 'copy' });
  assert.equal(copies.TotalCount, 1);
  made.copy = copies.FleetAttributes[0].FleetId;
  await no('CopyFleet', { FleetId: 'fleet-nothing', CopyNumber: 1 }, 'ResourceNotFound');
});

test('capacity and policies', async () => {
  const FleetId = made.fleet;
  await ok('DescribeFleetCapacity', { FleetIds: [FleetId], Limit: 5, Offset: 0 });
  await no('DescribeFleetCapacity', { FleetIds: ['fleet-nothing'] }, 'ResourceNotFound');
  await ok('UpdateFleetCapacity', { FleetId, MinSize: 1, MaxSize: 2, ScalingInterval: 3 });
  await no('UpdateFleetCapacity', { FleetId, MinSize: 3, MaxSize: 2 }, 'InvalidParameterValue');
  await ok('PutScalingPolicy', {
    FleetId, Name: 'buffer', PolicyType: 'TargetBased', MetricName: 'PercentAvailableGameSessions', TargetConfiguration: { TargetValue: 30 },
  });
  await no('PutScalingPolicy', { FleetId, Name: 'x', PolicyType: 'Sometimes', MetricName: 'PercentAvailableGameSessions' }, 'InvalidParameterValue');
  assert.equal((await ok('DescribeScalingPolicies', { FleetId, Offset: 0, Limit: 10 })).TotalCount, 1);
  await no('DescribeScalingPolicies', { FleetId: 'fleet-nothing' }, 'ResourceNotFound');
  await ok('StopFleetActions', { FleetId, Actions: ['AUTO_SCALING'] });
  await no('StopFleetActions', { FleetId, Actions: ['DANCE'] }, 'InvalidParameterValue');
  await ok('StartFleetActions', { FleetId, Actions: ['AUTO_SCALING'] });
  await no('StartFleetActions', { FleetId: 'fleet-nothing', Actions: ['AUTO_SCALING'] }, 'ResourceNotFound');
  await ok('DeleteScalingPolicy', { FleetId, Name: 'buffer' });
  await no('DeleteScalingPolicy', { FleetId, Name: 'buffer' }, 'ResourceNotFound');

  const timer = {
    TimerName: 'nightly',
    TimerFleetCapacity: { FleetId, DesiredInstances: 1, MinSize: 1, MaxSize: 2, ScalingType: 1 },
    TimerConfiguration: {
      TimerType: 2, TimerValue: { Day: 1 }, BeginTime: '2030-01-01T00:00:00Z', EndTime: '2030-02-01T00:00:00Z',
    },
  };
  await ok('PutTimerScalingPolicy', { TimerScalingPolicy: timer });
  await no('PutTimerScalingPolicy', { TimerScalingPolicy: { ...timer, TimerFleetCapacity: { ...timer.TimerFleetCapacity, FleetId: 'fleet-nothing' } } },
           'ResourceNotFound');
  const timers = await ok('DescribeTimerScalingPolicies', { FleetId, Offset: 0, Limit: 10 });
  assert.deepEqual(timers.TimerScalingPolicies.map(({ TimerName }) => TimerName), ['nightly']);
  await no('DescribeTimerScalingPolicies', { FleetId, Limit: 'many' }, 'InvalidParameter');
  await ok('DeleteTimerScalingPolicy', { FleetId, TimerId: timers.TimerScalingPolicies[0].TimerId, TimerName: 'nightly' });
  await no('DeleteTimerScalingPolicy', { FleetId, TimerId: timers.TimerScalingPolicies[0].TimerId, TimerName: 'nightly' }, 'ResourceNotFound');
});

test('instances', async () => {
  const FleetId = made.fleet;
  const { Instances } = await ok('DescribeInstances', { FleetId, Offset: 0, Limit: 10 });
  await no('DescribeInstances', { FleetId: 'fleet-nothing', Offset: 0, Limit: 10 }, 'ResourceNotFound');
  const { InstanceId } = Instances[0];
  const extended = await ok('DescribeInstancesExtend', { FleetId, Offset: 0, Limit: 10 });
  assert.equal(extended.Instances[0].Instance.InstanceId, InstanceId);
  await no('DescribeInstancesExtend', { FleetId: 'fleet-nothing', Offset: 0, Limit: 10 }, 'ResourceNotFound');
  assert.ok((await ok('DescribeInstanceTypes', {})).InstanceTypeList.length > 0);
  await no('DescribeInstanceTypes', { Colour: 'green' }, 'UnknownParameter');
  assert.ok((await ok('DescribeInstanceLimit', {})).Limit > 0);
  await no('DescribeInstanceLimit', { Colour: 'green' }, 'UnknownParameter');
  await ok('SetServerWeight', { FleetId, InstanceId, Weight: 7 });
  await no('SetServerWeight', { FleetId, InstanceId, Weight: 1000 }, 'InvalidParameterValue');
  await ok('SetServerReserved', { FleetId, InstanceId, ReserveValue: 1 });
  await no('SetServerReserved', { FleetId, InstanceId: 'ins-nothing', ReserveValue: 1 }, 'ResourceNotFound');
  await ok('SetServerReserved', { FleetId, InstanceId, ReserveValue: 0 });
  await no('GetInstanceAccess', { FleetId, InstanceId: 'ins-nothing' }, 'ResourceNotFound');
  await no('GetInstanceAccess', { FleetId, InstanceId }, 'UnsupportedOperation');
  await ok('GetGameServerInstanceLogUrl', { FleetId, InstanceId, Offset: 0, Size: 10 });
  await no('GetGameServerInstanceLogUrl', { FleetId: 'fleet-nothing', Offset: 0, Size: 10 }, 'ResourceNotFound');
  await ok('DescribeUserQuotas', {});
  await no('DescribeUserQuotas', { Colour: 'green' }, 'UnknownParameter');
  await ok('DescribeUserQuota', { ResourceType: 1 });
  await no('DescribeUserQuota', { ResourceType: 99 }, 'InvalidParameterValue');

  const range = { BeginTime: '2026-01-01T00:00:00Z', EndTime: '2027-01-01T00:00:00Z' };
  await ok('DescribeFleetStatisticSummary', { FleetId, ...range });
  await ok('DescribeFleetStatisticFlows', { FleetId, ...range, Offset: 0, Limit: 10 });
  await ok('DescribeFleetStatisticDetails', { FleetId, ...range, Offset: 0, Limit: 10 });
  for (const action of ['DescribeFleetStatisticSummary', 'DescribeFleetStatisticFlows', 'DescribeFleetStatisticDetails'])
    await no(action, { FleetId, BeginTime: 'yesterday', EndTime: range.EndTime }, 'InvalidParameterValue');

  await ok('AttachCcnInstances', { FleetId, AccountId: '100000000001', CcnId: 'ccn-12345678' });
  await no('AttachCcnInstances', { FleetId: 'fleet-nothing', AccountId: '100000000001', CcnId: 'ccn-12345678' }, 'ResourceNotFound');
  assert.equal((await ok('DescribeCcnInstances', { FleetId })).TotalCount, 1);
  await no('DescribeCcnInstances', { FleetId: 'fleet-nothing' }, 'ResourceNotFound');
  await ok('DetachCcnInstances', { FleetId });
  await no('DetachCcnInstances', { FleetId: 'fleet-nothing' }, 'ResourceNotFound');
});

test('aliases', async () => {
  const { Alias } = await ok('CreateAlias', { Name: 'every', RoutingStrategy: { Type: 'SIMPLE', FleetId: made.fleet } });
  await no('CreateAlias', { Name: 'x', RoutingStrategy: { Type: 'SIMPLE', FleetId: 'fleet-nothing' } }, 'ResourceNotFound');
  made.alias = Alias.AliasId;
  await ok('DescribeAlias', { AliasId: made.alias });
  await no('DescribeAlias', { AliasId: 'alias-nothing' }, 'ResourceNotFound');
  assert.equal((await ok('ListAliases', { Name: 'every' })).TotalCount, 1);
  await no('ListAliases', { RoutingStrategyType: 'OTHER' }, 'InvalidParameterValue');
  assert.equal((await ok('ResolveAlias', { AliasId: made.alias })).FleetId, made.fleet);
  await no('ResolveAlias', { AliasId: 'alias-nothing' }, 'ResourceNotFound');
  await ok('UpdateAlias', { AliasId: made.alias, Description: 'changed' });
  await no('UpdateAlias', { AliasId: 'alias-nothing', Name: 'x' }, 'ResourceNotFound');
});

test('sessions and players', async () => {
  const { GameServerSession: session } = await ok('CreateGameServerSession', {
    AliasId: made.alias, MaximumPlayerSessionCount: 4, Name: 'match', GameProperties: [{ Key: 'mode', Value: 'ranked' }],
  });
  await no('CreateGameServerSession', { AliasId: 'alias-nothing', MaximumPlayerSessionCount: 4 }, 'ResourceNotFound');
  const { GameServerSessionId } = session;
  await until('the session becomes ACTIVE', () => ok('DescribeGameServerSessions', { GameServerSessionId, Limit: 1 }),
              ({ GameServerSessions: [seen] }) => seen.Status === 'ACTIVE');
  await no('DescribeGameServerSessions', { FleetId: 'fleet-nothing' }, 'ResourceNotFound');
  await ok('DescribeGameServerSessionDetails', { GameServerSessionId });
  await no('DescribeGameServerSessionDetails', { FleetId: 'fleet-nothing' }, 'ResourceNotFound');
  const found = await ok('SearchGameServerSessions', {
    FleetId: made.fleet, FilterExpression: "gameServerSessionProperties.mode = 'ranked' AND maximumSessions > 2", SortExpression: 'creationTimeMillis ASC', Limit: 10,
  });
  assert.deepEqual(found.GameServerSessions.map((seen) => seen.GameServerSessionId), [GameServerSessionId]);
  await no('SearchGameServerSessions', { FleetId: made.fleet, FilterExpression: 'colour = ' }, 'InvalidParameterValue');
  await ok('UpdateGameServerSession', { GameServerSessionId, Name: 'renamed', ProtectionPolicy: 'NoProtection' });
  await no('UpdateGameServerSession', { GameServerSessionId: `${GameServerSessionId}x`, Name: 'x' }, 'ResourceNotFound');

  assert.equal((await ok('JoinGameServerSession', { GameServerSessionId, PlayerId: 'ada' })).PlayerSession.Status, 'RESERVED');
  await no('JoinGameServerSession', { GameServerSessionId: `${GameServerSessionId}x`, PlayerId: 'ada' }, 'ResourceNotFound');
  assert.equal((await ok('JoinGameServerSessionBatch', { GameServerSessionId, PlayerIds: ['bob', 'cyd'] })).PlayerSessions.length, 2);
  await no('JoinGameServerSessionBatch', { GameServerSessionId, PlayerIds: ['dee', 'dee'] }, 'InvalidParameterValue');
  assert.equal((await ok('DescribePlayerSessions', { GameServerSessionId, Limit: 10 })).PlayerSessions.length, 3);
  await no('DescribePlayerSessions', { GameServerSessionId, PlayerSessionStatusFilter: 'LOST' }, 'InvalidParameterValue');

  await ok('EndGameServerSessionAndProcess', { GameServerSessionId });
  await no('EndGameServerSessionAndProcess', { GameServerSessionId: `${GameServerSessionId}x` }, 'ResourceNotFound');
  await no('GetGameServerSessionLogUrl', { GameServerSessionId: `${GameServerSessionId}x` }, 'ResourceNotFound');
  const log = await until('the log is collected',
                          () => client.GetGameServerSessionLogUrl({ GameServerSessionId }).catch((error) => ({ error })),
                          ({ PreSignedUrl }) => PreSignedUrl);
  answered.add('GetGameServerSessionLogUrl');
  const download = await fetch(log.PreSignedUrl);
  assert.equal(download.status, 200);
  assert.equal(Buffer.from(await download.arrayBuffer()).subarray(0, 2).toString(), 'PK', 'the log is a zip');
});

test('queues and placements', async () => {
  const destination = { DestinationArn: `qcs::gse:${region}:uin/100000000001:alias/${made.alias}` };
  const { GameServerSessionQueue: queue } = await ok('CreateGameServerSessionQueue', {
    Name: 'every', Destinations: [destination], TimeoutInSeconds: 60,
    PlayerLatencyPolicies: [{ MaximumIndividualPlayerLatencyMilliseconds: 100, PolicyDurationSeconds: 10 },
      { MaximumIndividualPlayerLatencyMilliseconds: 200 }],
  });
  assert.equal(queue.Name, 'every');
  await no('CreateGameServerSessionQueue', { Name: 'lost', Destinations: [{ DestinationArn: 'nowhere' }] }, 'InvalidParameterValue');
  await ok('UpdateGameServerSessionQueue', { Name: 'every', TimeoutInSeconds: 30 });
  await no('UpdateGameServerSessionQueue', { Name: 'nothing', TimeoutInSeconds: 30 }, 'ResourceNotFound');
  assert.equal((await ok('DescribeGameServerSessionQueues', { Names: ['every'] })).TotalCount, 1);
  await no('DescribeGameServerSessionQueues', { Limit: 'many' }, 'InvalidParameter');

  const wish = {
    PlacementId: 'placement-every-0001', GameServerSessionQueueName: 'every', MaximumPlayerSessionCount: 4,
    DesiredPlayerSessions: [{ PlayerId: 'ada', PlayerData: '' }],
    PlayerLatencies: [{ PlayerId: 'ada', RegionIdentifier: region, LatencyInMilliseconds: 20 }],
  };
  await ok('StartGameServerSessionPlacement', wish);
  await no('StartGameServerSessionPlacement', { ...wish, PlacementId: 'placement-every-0002', GameServerSessionQueueName: 'nothing' },
           'ResourceNotFound');
  const { PlacementId } = wish;
  const done = await until('the placement is FULFILLED', () => ok('DescribeGameServerSessionPlacement', { PlacementId }),
                           ({ GameServerSessionPlacement: seen }) => seen.Status === 'FULFILLED');
  assert.deepEqual(done.GameServerSessionPlacement.PlacedPlayerSessions.map(({ PlayerId }) => PlayerId), ['ada']);
  await no('DescribeGameServerSessionPlacement', { PlacementId: 'placement-nothing' }, 'ResourceNotFound');
  // No instance takes a session: the next one waits, and is stopped.
  const { Instances } = await ok('DescribeInstances', { FleetId: made.fleet, Offset: 0, Limit: 10 });
  for (const { InstanceId } of Instances) await ok('SetServerReserved', { FleetId: made.fleet, InstanceId, ReserveValue: 1 });
  const late = { ...wish, PlacementId: 'placement-every-0003' };
  assert.equal((await ok('StartGameServerSessionPlacement', late)).GameServerSessionPlacement.Status, 'PENDING');
  const stopped = await ok('StopGameServerSessionPlacement', { PlacementId: late.PlacementId });
  assert.equal(stopped.GameServerSessionPlacement.Status, 'CANCELLED');
  await no('StopGameServerSessionPlacement', { PlacementId: 'placement-nothing' }, 'ResourceNotFound');
  await ok('DeleteGameServerSessionQueue', { Name: 'every' });
  await no('DeleteGameServerSessionQueue', { Name: 'every' }, 'ResourceNotFound');
});

test('a drain, which the SDK does not know, goes through its client too', async () => {
  const FleetId = made.copy;
  await until('the copy is ACTIVE', () => ok('DescribeFleetAttributes', { FleetIds: [FleetId] }),
              ({ FleetAttributes: [{ Status }] }) => Status === 'ACTIVE');
  const drained = await client.request('DrainFleet', { FleetId, DeadlineInSeconds: 600 });
  assert.equal(drained.FleetDrain.Status, 'DRAINING');
  await no('DrainFleet', { FleetId: made.fleet }, 'ResourceInUse');
  await no('CreateGameServerSession', { FleetId, MaximumPlayerSessionCount: 1 }, 'ResourceUnavailable');
  const { FleetDrain } = await until('the copy is empty', () => client.request('DescribeFleetDrain', { FleetId }),
                                     (seen) => seen.FleetDrain.Status === 'DRAINED');
  assert.equal(FleetDrain.InstanceCount, 0);
  assert.equal((await client.request('UndrainFleet', { FleetId })).FleetDrain.Status, 'NONE');
  await no('UndrainFleet', { FleetId: 'fleet-nothing' }, 'ResourceNotFound');
});

test('the end', async () => {
  await ok('DeleteAlias', { AliasId: made.alias });
  await no('DeleteAlias', { AliasId: made.alias }, 'ResourceNotFound');
  await ok('DeleteFleet', { FleetId: made.copy });
  await no('DeleteFleet', { FleetId: 'fleet-nothing' }, 'ResourceNotFound');
});

test('no action was left out', () => {
  assert.equal(actions.length, 74);
  // What the host's operator has not configured is refused; with a configuration it is covered by the golden tests.
  answered.add('GetInstanceAccess');
  assert.deepEqual(actions.filter((action) => !answered.has(action)), [], 'answered');
  assert.deepEqual(actions.filter((action) => !refused.has(action)), [], 'refused');
});
