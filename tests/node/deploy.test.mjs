// gse deploy, the main job in one command, against a real server with a real game: a first version by hand, a second one
// deployed while a match runs on the first, the same command again, and a broken version.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { key, startGseDev } from './gse_dev.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const binary = process.env.GSE_BINARY ?? path.join(root, 'build/release/gse');

let server;
let environment;

/** A folder with gse-chat under this title. */
async function makeVersion(title) {
  const folder = path.join(server.data, title);
  await mkdir(folder);
  await cp(path.join(path.dirname(binary), 'gse-chat'), path.join(folder, 'gse-chat'));
  await writeFile(path.join(folder, 'start.sh'), `#!/bin/sh\ncd "$(dirname "$0")" && exec ./gse-chat --title "${title}" "$@"\n`,
                  { mode: 0o755 });
  return folder;
}

/** { code, out, err }. */
async function gse(...words) {
  try {
    const { stdout, stderr } = await promisify(execFile)(binary, words, { env: environment, timeout: 60_000 });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    return { code: error.code ?? error.signal, out: error.stdout, err: error.stderr };
  }
}
async function ok(...words) {
  const done = await gse(...words);
  assert.equal(done.code, 0, `gse ${words.join(' ')}\n${done.err}`);
  return done;
}
const json = async (...words) => JSON.parse((await ok(...words, '--output', 'json')).out);
const leadsTo = async () => (await json('alias', 'show', 'chat')).RoutingStrategy.FleetId;

before(async () => {
  server = await startGseDev();
  environment = {
    PATH: process.env.PATH,
    GSE_ENDPOINT: `http://${server.http}`,
    TENCENTCLOUD_SECRET_ID: key.secretId,
    TENCENTCLOUD_SECRET_KEY: key.secretKey,
    GSE_CREDENTIALS: path.join(server.data, 'credentials.toml'),
  };
});

after(async () => {
  if (server) await server.stop();
});

test('without the alias it says how a first version is made', async () => {
  const done = await gse('deploy', 'chat', await makeVersion('none'), '--version', '1');
  assert.equal(done.code, 1);
  assert.match(done.err, /gse alias create chat --fleet chat-1/);
});

test('a new version goes live while a match runs on the old one', async () => {
  const one = await makeVersion('one');
  await ok('asset', 'upload', one, '--name', 'chat', '--version', '1');
  const { FleetId: old } = await json('fleet', 'create', 'chat-1', '--asset', 'chat', '--launch', 'start.sh', '--processes', '2',
                                     '--wait');
  await ok('fleet', 'scale', 'chat-1', '--max', '3', '--buffer', '30');
  await ok('alias', 'create', 'chat', '--fleet', 'chat-1');
  const match = (await json('session', 'create', '--alias', 'chat', '--players', '2', '--name', 'friday')).GameServerSessionId;

  const two = await makeVersion('two');
  const deploying = spawn(binary, ['deploy', 'chat', two, '--version', '2', '--delete-old'], { env: environment });
  let said = '';
  const left = new Promise((resolve) => {
    deploying.stderr.on('data', (piece) => {
      said += piece;
      if (said.includes('1 sessions left')) resolve();
    });
  });
  const ended = new Promise((resolve) => deploying.once('exit', resolve));
  await Promise.race([left, ended]);
  const present = await leadsTo();
  assert.notEqual(present, old, said);
  // The match goes on until it ends by itself; nobody has touched it.
  const found = await json('session', 'list', '--fleet', 'chat-1', '--status', 'ACTIVE');
  assert.deepEqual(found.map(({ GameServerSessionId }) => GameServerSessionId), [match], said);
  assert.match((await ok('process', 'list', '--fleet', 'chat-1')).out, /ACTIVE/);
  await ok('logs', 'friday', '--data', server.data);
  await ok('session', 'end', 'friday');
  assert.equal(await ended, 0, said);
  assert.match(said, /0 sessions left/);

  // Scaling came along, and what runs is the new package.
  const capacity = await ok('fleet', 'scale', 'chat-2');
  assert.match(capacity.out, /\(0 to 3\)/);
  assert.match((await ok('call', 'DescribeScalingPolicies', '--FleetId', present)).out, /"TargetValue": 30/);
  const created = await json('session', 'create', '--alias', 'chat', '--players', '2');
  assert.equal(created.FleetId, present);
  const status = await fetch(`http://${created.IpAddress}:${created.Port}/status`);
  assert.equal((await status.json()).title, 'two');
  await ok('status');
});

test('the same command again finds nothing to do', async () => {
  const fleets = (await json('fleet', 'list')).length;
  const done = await ok('deploy', 'chat', path.join(server.data, 'two'), '--version', '2', '--delete-old');
  assert.match(done.out, /chat leads to fleet-\S+ \(chat-2\)/);
  assert.ok((await json('fleet', 'list')).length <= fleets);
});

test('a version that does not start leaves the alias alone, and the way back is told', async () => {
  const present = await leadsTo();
  const folder = path.join(server.data, 'three');
  await mkdir(folder);
  await writeFile(path.join(folder, 'something-else'), 'no start.sh here\n');
  const done = await gse('deploy', 'chat', folder, '--version', '3');
  assert.equal(done.code, 1, done.err);
  assert.match(done.err, /FLEET_VALIDATION_LAUNCH_PATH_NOT_FOUND/);
  assert.match(done.err, /to undo:\n {2}gse fleet delete fleet-/);
  assert.equal(await leadsTo(), present);
});

test('the doctor examines this machine', async () => {
  const done = await gse('doctor', '--data', server.data, '--output', 'json');
  const findings = JSON.parse(done.out);
  assert.ok(findings.some(({ What, Grade }) => What === 'signature' && Grade === 'good'), done.out);
  assert.equal(done.code, findings.some(({ Grade }) => Grade === 'bad') ? 1 : 0);
});
