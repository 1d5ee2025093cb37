// What stands around the API: events, uploads in pieces, the local API with a game started by hand, the speed test.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import dgram from 'node:dgram';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sdk from 'tencentcloud-sdk-nodejs';

import { key, startGseDev } from './gse_dev.mjs';

const { gse } = sdk;
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const region = 'ap-shanghai';
const patience = 30_000;

let server;
let client;

before(async () => {
  for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY']) delete process.env[name];
  server = await startGseDev(['--set', 'agent.ping_http=127.0.0.1:0', '--set', 'agent.ping_udp=127.0.0.1:0']);
  client = new gse.v20191112.Client({
    credential: key,
    region,
    profile: { httpProfile: { endpoint: server.http, protocol: 'http://', reqTimeout: 20 } },
  });
});

after(async () => {
  if (server) await server.stop();
});

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (secret, text) => createHmac('sha256', secret).update(text).digest();

/** Headers of a GET /events signed with TC3. */
function signed(query) {
  const timestamp = Math.floor(Date.now() / 1000);
  const date = new Date(timestamp * 1000).toISOString().slice(0, 10);
  const scope = `${date}/gse/tc3_request`;
  const canonical =
    `GET\n/events\n${query}\ncontent-type:application/json\nhost:${server.http}\n\ncontent-type;host\n${sha256('')}`;
  const text = `TC3-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256(canonical)}`;
  const signing = hmac(hmac(hmac(`TC3${key.secretKey}`, date), 'gse'), 'tc3_request');
  return {
    'Content-Type': 'application/json',
    'X-TC-Timestamp': `${timestamp}`,
    Authorization: `TC3-HMAC-SHA256 Credential=${key.secretId}/${scope}, SignedHeaders=content-type;host, ` +
      `Signature=${hmac(signing, text).toString('hex')}`,
  };
}

/** Follows events: { next(wanted), stop() }; next() waits for the first that `wanted` takes. */
async function follow(query = '', headers = {}) {
  const [host, port] = server.http.split(':');
  const request = http.get({ host, port, path: `/events${query && '?'}${query}`, headers: { ...signed(query), ...headers } });
  const response = await new Promise((resolve, reject) => request.once('response', resolve).once('error', reject));
  assert.equal(response.statusCode, 200);
  assert.equal(response.headers['content-type'], 'text/event-stream');
  const seen = [];
  let rest = '';
  let look = () => {};
  response.setEncoding('utf8').on('data', (piece) => {
    const blocks = (rest + piece).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const event = {};
      for (const line of block.split('\n')) {
        const at = line.indexOf(': ');
        if (at > 0) event[line.slice(0, at)] = line.slice(at + 2);
      }
      seen.push(event.data ? { ...event, data: JSON.parse(event.data) } : event);
    }
    look();
  });
  response.on('error', () => {});
  const next = (wanted) => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no such event; seen ${JSON.stringify(seen)}`)), patience);
    look = () => {
      const found = seen.find(wanted);
      if (!found) return;
      clearTimeout(timer);
      resolve(found);
    };
    look();
  });
  await next(() => true);  // from here on nothing is missed
  return { next, seen, stop: () => request.destroy() };
}

test('events tell of an alias from its making to its end, and go on after a break', async () => {
  const stream = await follow();
  const { Alias: { AliasId: id } } =
    await client.CreateAlias({ Name: 'live', RoutingStrategy: { Type: 'TERMINAL', Message: 'closed' } });
  const made = await stream.next((e) => e.event === 'alias' && e.data.AliasId === id);
  assert.deepEqual(made.data.RoutingStrategy, { Type: 'TERMINAL', FleetId: null, Message: 'closed' });
  assert.equal(made.data.FromRoutingStrategy, undefined);
  assert.equal(made.data.Region, region);
  stream.stop();

  await client.UpdateAlias({ AliasId: id, RoutingStrategy: { Type: 'TERMINAL', Message: 'for good' } });
  const again = await follow(`alias=${id}`, { 'Last-Event-ID': made.id });
  const moved = await again.next((e) => e.event === 'alias');
  assert.equal(moved.data.FromRoutingStrategy.Message, 'closed');
  assert.equal(moved.data.RoutingStrategy.Message, 'for good');
  await client.DeleteAlias({ AliasId: id });
  await again.next((e) => e.event === 'alias' && e.data.RoutingStrategy === undefined);
  assert.ok(!again.seen.some((e) => e.event === 'dropped'));
  again.stop();

  const stranger = await follow('', { 'Last-Event-ID': '99-1' });
  assert.equal((await stranger.next((e) => e.event === 'dropped')).data.Reason, 'Restarted');
  stranger.stop();
  assert.equal((await fetch(`http://${server.http}/events`)).status, 401);
});

test('an upload goes on where it broke off', async () => {
  const { BucketName, BucketAuth } = await client.GetUploadCredentials({ AssetRegion: region, BucketKey: 'pieces.zip' });
  const content = Buffer.alloc(300_000, 'abc');
  const put = (range, body) => fetch(`http://${server.http}/objects/${BucketName}/pieces.zip`, {
    method: 'PUT', headers: { authorization: BucketAuth, 'content-range': `bytes ${range}/${content.length}` }, body,
  });
  const first = await put('0-99999', content.subarray(0, 100_000));
  assert.equal(first.status, 308);
  assert.equal(first.headers.get('range'), 'bytes=0-99999');
  assert.equal((await put('*')).headers.get('range'), 'bytes=0-99999');
  assert.equal((await put('200000-299999', content.subarray(200_000))).status, 416);
  const last = await put('100000-299999', content.subarray(100_000));
  assert.equal(last.status, 200);
  assert.deepEqual(await last.json(), { Size: content.length, Sha256: sha256(content) });
});

test('a game that is started by hand gets the session of a local call', async (context) => {
  const capi = async (body) => (await (await fetch(`http://${server.http}/capi`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  })).json()).Response;
  const stream = await follow();
  const game = spawn(process.env.GSE_CHAT ?? path.join(root, 'build/release/gse-chat'), ['--agent-wait', '20'], {
    stdio: 'ignore', cwd: server.data, env: { PATH: process.env.PATH, GSE_SDK_ADDRESS: server.sdk },
  });
  const ended = new Promise((resolve) => game.once('exit', resolve));
  context.after(() => game.kill('SIGKILL'));
  await stream.next((e) => e.event === 'fleet' && e.data.FleetId === 'fleet-hand-started' &&
    e.data.AvailableGameServerSessions === 1);

  const made = await capi({ Action: 'CreateGameServerSession', FleetId: 'fleet-123', MaximumPlayerSessionCount: 5 });
  assert.equal(made.Error, undefined, JSON.stringify(made));
  const session = made.GameServerSession;
  assert.match(session.GameServerSessionId, /gameserversession\/fleet-123\/gssess-/);
  assert.equal(session.InstanceType, 'localhost');
  await stream.next((e) => e.event === 'game-server-session' && e.data.Status === 'ACTIVE');
  const joined = await capi({
    Action: 'JoinGameServerSession', GameServerSessionId: session.GameServerSessionId, PlayerId: 'ann',
  });
  assert.equal(joined.PlayerSession.Status, 'RESERVED');
  const page = await fetch(`http://127.0.0.1:${session.Port}/?playerSessionId=${joined.PlayerSession.PlayerSessionId}`);
  assert.equal(page.status, 200, 'the game that was started by hand serves it');
  assert.equal((await capi({ Action: 'ListFleets' })).TotalCount, 2);
  const busy = await capi({ Action: 'CreateGameServerSession', FleetId: 'fleet-123', MaximumPlayerSessionCount: 5 });
  assert.match(busy.Error.Message, /no idle process/);

  game.kill('SIGKILL');
  await ended;
  await stream.next((e) => e.event === 'game-server-session' && e.data.FromStatus === 'ACTIVE');
  stream.stop();
  const foreign = await fetch(`http://${server.http}/capi`, {
    method: 'POST', headers: { 'content-type': 'application/json', origin: 'https://evil.example' }, body: '{}',
  });
  assert.equal(foreign.status, 421);
});

test('the speed test: regions, HTTP and UDP', async () => {
  const answer = await fetch(`http://${server.http}/v1/regions`, { headers: { origin: 'https://game.example' } });
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  const { Regions } = await answer.json();
  const { Hosts: [host] } = Regions.find(({ Region }) => Region === region);
  assert.equal(await (await fetch(host.Http)).text(), 'pong\n');
  const socket = dgram.createSocket('udp4');
  const [address, port] = host.Udp.split(':');
  const echoed = new Promise((resolve) => socket.once('message', resolve));
  socket.send('how far?', Number(port), address);
  assert.equal(`${await echoed}`, 'how far?');
  socket.close();
});
