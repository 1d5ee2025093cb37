// The vendor's own SDK against a real server, in each way it signs and sends.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import sdk from 'tencentcloud-sdk-nodejs';
import generic from 'tencentcloud-sdk-nodejs/tencentcloud/common/common_client.js';

import { key, startGseDev } from './gse_dev.mjs';
import { makeZip } from './zip.mjs';

const { gse } = sdk;
const { CommonClient } = generic;
const region = 'ap-shanghai';
const modes = [
  { name: 'POST TC3', reqMethod: 'POST', signMethod: 'TC3-HMAC-SHA256' },
  { name: 'GET TC3', reqMethod: 'GET', signMethod: 'TC3-HMAC-SHA256' },
  { name: 'POST HmacSHA256', reqMethod: 'POST', signMethod: 'HmacSHA256' },
  { name: 'GET HmacSHA256', reqMethod: 'GET', signMethod: 'HmacSHA256' },
  { name: 'POST HmacSHA1', reqMethod: 'POST', signMethod: 'HmacSHA1' },
  { name: 'GET HmacSHA1', reqMethod: 'GET', signMethod: 'HmacSHA1' },
];
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

let server;

function options(mode, change = {}) {
  return {
    credential: { ...key, ...change.credential },
    region: change.region ?? region,
    profile: {
      signMethod: mode.signMethod,
      httpProfile: { endpoint: server.http, protocol: 'http://', reqMethod: mode.reqMethod, reqTimeout: 20 },
    },
  };
}
const clientFor = (mode, change) => new gse.v20191112.Client(options(mode, change));

/** The exception of a call that must be refused with this code. */
async function refused(promise, code) {
  const error = await promise.then((value) => assert.fail(`answered ${JSON.stringify(value)}`), (e) => e);
  assert.equal(error.code, code, error.message);
  assert.match(error.requestId, uuid);
  assert.ok(error.message.length > 0);
  return error;
}

before(async () => {
  // The SDK sends even 127.0.0.1 through a proxy named here.
  for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY']) delete process.env[name];
  server = await startGseDev();
});

after(async () => {
  if (!server) return;
  const how = await server.stop();
  assert.deepEqual(how, { code: 0, signal: null }, 'gse dev ends in good order on SIGTERM');
});

for (const mode of modes) {
  describe(mode.name, () => {
    test('an alias is made, found, listed, changed and deleted', async () => {
      const client = clientFor(mode);
      const name = `别名 ${mode.name} +&=%/?`;
      const made = await client.CreateAlias({
        Name: name,
        Description: 'a "quoted" \\ text',
        RoutingStrategy: { Type: 'TERMINAL', Message: '维护中，请稍后' },
        Tags: [{ Key: 'mode', Value: mode.name }, { Key: 'second', Value: '' }],
      });
      assert.match(made.RequestId, uuid);
      const alias = made.Alias;
      assert.match(alias.AliasId, /^alias-/);
      assert.equal(alias.Name, name);
      assert.equal(alias.Description, 'a "quoted" \\ text');
      assert.deepEqual(alias.RoutingStrategy, { Type: 'TERMINAL', FleetId: alias.RoutingStrategy.FleetId, Message: '维护中，请稍后' });
      assert.match(alias.CreationTime, time);
      assert.deepEqual(alias.Tags.map(({ Key }) => Key).sort(), ['mode', 'second']);

      const seen = await client.DescribeAlias({ AliasId: alias.AliasId });
      assert.deepEqual(seen.Alias, alias);

      const listed = await client.ListAliases({
        Limit: 10, Offset: 0, RoutingStrategyType: 'TERMINAL', Filters: [{ Key: 'resource:name', Values: [name] }],
      });
      assert.equal(listed.TotalCount, 1);
      assert.deepEqual(listed.Aliases.map((a) => a.AliasId), [alias.AliasId]);

      const changed = await client.UpdateAlias({ AliasId: alias.AliasId, Name: 'renamed' });
      assert.equal(changed.Alias.Name, 'renamed');
      assert.equal(changed.Alias.RoutingStrategy.Message, '维护中，请稍后');

      const terminal = await refused(client.CreateGameServerSession({ AliasId: alias.AliasId, MaximumPlayerSessionCount: 2 }),
                                     'ResourceUnavailable');
      assert.equal(terminal.message, '维护中，请稍后', 'the termination message comes verbatim');

      const gone = await client.DeleteAlias({ AliasId: alias.AliasId });
      assert.match(gone.RequestId, uuid);
      await refused(client.DescribeAlias({ AliasId: alias.AliasId }), 'ResourceNotFound');
    });

    test('a package is uploaded and becomes an asset; a fleet of it is made and looked at', async () => {
      const client = clientFor(mode);
      const bucketKey = `node/${mode.name.replace(/ /g, '-')}.zip`;
      const grant = await client.GetUploadCredentials({ AssetRegion: region, BucketKey: bucketKey });
      const put = await fetch(`http://${server.http}/objects/${grant.BucketName}/${bucketKey}`, {
        method: 'PUT',
        headers: { authorization: grant.BucketAuth },
        body: makeZip([{ name: 'server.sh', text: '#!/bin/sh\nexit 0\n', mode: 0o755 }]),
      });
      assert.equal(put.status, 200, await put.text());

      const systems = await client.DescribeAssetSystems({});
      const system = systems.AssetSupportSys.find(({ OsType }) => OsType === 'CentOS');
      assert.equal(typeof system.OsBit, 'number');
      const asset = await client.CreateAsset({
        BucketKey: bucketKey, AssetName: 'node', AssetVersion: '1', AssetRegion: region, OperateSystem: system.OsVersion,
      });
      assert.match(asset.AssetId, /^asset-/);
      const described = await client.DescribeAsset({ AssetId: asset.AssetId });
      assert.equal(described.Asset.Stauts, 2);
      assert.equal(described.Asset.BindFleetNum, 0);
      const assets = await client.DescribeAssets({ AssetRegion: region, Offset: 0, Limit: 100 });
      assert.ok(assets.Assets.some(({ AssetId }) => AssetId === asset.AssetId));

      const fleet = await client.CreateFleet({
        AssetId: asset.AssetId,
        Name: `fleet ${mode.name}`,
        InstanceType: 'S5.LARGE8',
        InboundPermissions: [
          { FromPort: 7000, ToPort: 7100, Protocol: 'TCP', IpRange: '0.0.0.0/0' },
          { FromPort: 7000, ToPort: 7100, Protocol: 'UDP', IpRange: '10.0.0.0/8' },
        ],
        RuntimeConfiguration: {
          GameServerSessionActivationTimeoutSeconds: 60,
          MaxConcurrentGameServerSessionActivations: 1,
          ServerProcesses: [
            { LaunchPath: '/local/game/server.sh', ConcurrentExecutions: 1, Parameters: '--port {client_port} "two words"' },
            { LaunchPath: '/local/game/server.sh', ConcurrentExecutions: 2, Parameters: '' },
          ],
        },
      });
      const attributes = fleet.FleetAttributes;
      assert.match(attributes.FleetId, /^fleet-/);
      const again = await client.DescribeFleetAttributes({ FleetIds: [attributes.FleetId], Limit: 5, Offset: 0 });
      assert.equal(again.TotalCount, 1);
      assert.equal(again.FleetAttributes[0].Name, `fleet ${mode.name}`);
      assert.equal(again.FleetAttributes[0].TerminationTime, null);
      const runtime = await client.DescribeRuntimeConfiguration({ FleetId: attributes.FleetId });
      assert.deepEqual(runtime.RuntimeConfiguration.ServerProcesses.map((p) => [p.ConcurrentExecutions, p.Parameters]),
                       [[1, '--port {client_port} "two words"'], [2, '']]);
      const capacity = await client.DescribeFleetCapacity({ FleetIds: [attributes.FleetId], Limit: 5, Offset: 0 });
      assert.deepEqual([capacity.FleetCapacity[0].InstanceCounts.MiniNum, capacity.FleetCapacity[0].InstanceCounts.MaxiNum], [0, 1]);
      const events = await client.DescribeFleetEvents({ FleetId: attributes.FleetId, EventCode: 'FLEET_CREATED' });
      assert.deepEqual(events.Events.map(({ EventCode }) => EventCode), ['FLEET_CREATED']);

      await refused(client.DeleteAsset({ AssetId: asset.AssetId }), 'ResourceInUse');
      await refused(client.CreateAlias({ Name: 'early', RoutingStrategy: { Type: 'SIMPLE', FleetId: attributes.FleetId } }),
                    'ResourceUnavailable');
    });

    test('refusals arrive with their codes', async () => {
      const client = clientFor(mode);
      await refused(client.DescribeAlias({ AliasId: 'alias-nothing' }), 'ResourceNotFound');
      await refused(client.CreateAlias({ Name: 'x', RoutingStrategy: { Type: 'SIMPLE', FleetId: 'fleet-nothing' } }), 'ResourceNotFound');
      await refused(client.DescribeAlias({}), 'MissingParameter');
      await refused(client.ListAliases({ Limit: 1000 }), 'InvalidParameterValue');
      await refused(client.ListAliases({ RoutingStrategyType: 'OTHER' }), 'InvalidParameterValue');
      await refused(client.ListAliases({ Limit: 'many' }), 'InvalidParameter');
      // The SDK checks nothing of what it sends, so a name it does not know goes out as it is.
      await refused(client.request('ListAliases', { Colour: 'green' }), 'UnknownParameter');
      await refused(client.request('MakeCoffee', {}), 'InvalidAction');
    });

    test('a wrong key, an unknown key and an unknown region are refused', async () => {
      await refused(clientFor(mode, { credential: { secretKey: 'not-the-secret' } }).ListAliases({}), 'AuthFailure.SignatureFailure');
      await refused(clientFor(mode, { credential: { secretId: 'AKIDnobody' } }).ListAliases({}), 'AuthFailure.SecretIdNotFound');
      await refused(clientFor(mode, { region: 'mars-north' }).ListAliases({}), 'UnsupportedRegion');
    });

    test('the generic client, for SDKs that have dropped the service, speaks to it too', async () => {
      const client = new CommonClient(server.http, '2019-11-12', options(mode));
      const listed = await client.request('ListAliases', { Limit: 1 });
      assert.ok(Array.isArray(listed.Aliases));
      assert.match(listed.RequestId, uuid);
      const old = new CommonClient(server.http, '2017-03-12', options(mode));
      await refused(old.request('ListAliases', {}), 'NoSuchVersion');
    });
  });
}
