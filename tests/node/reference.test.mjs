// The examples of the reference pages, docs/api/*.md, run as they stand there, in the order of api/examples.json, against
// a real server with a real game. What a page shows is what works.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { key, startGseDev } from './gse_dev.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const binary = process.env.GSE_BINARY ?? path.join(root, 'build/release/gse');
const patience = 30_000;

/** Command lines of the pages, by action. */
async function readPages() {
  const folder = path.join(root, 'docs/api');
  const examples = new Map();
  for (const name of await readdir(folder)) {
    const text = await readFile(path.join(folder, name), 'utf8');
    for (const [, action, code] of text.matchAll(/^## (\w+)\n[^]*?^```sh\n([^]*?)^```$/gm))
      if (!examples.has(action)) examples.set(action, code.trim().split('\n'));
  }
  return examples;
}

let server;
let variables;

before(async () => {
  server = await startGseDev();
  const zip = path.join(server.data, 'chat.zip');
  await promisify(execFile)(path.join(root, 'examples/chat/package.sh'), [zip, 'Reference']);
  variables = {
    PATH: `${path.dirname(binary)}:${process.env.PATH}`,
    GSE_ENDPOINT: `http://${server.http}`,
    TENCENTCLOUD_SECRET_ID: key.secretId,
    TENCENTCLOUD_SECRET_KEY: key.secretKey,
    PACKAGE: zip,
    no_proxy: '127.0.0.1',
  };
});

after(async () => {
  if (server) await server.stop();
});

/** { code, out, err } of one command line. */
async function run(line) {
  try {
    const { stdout, stderr } = await promisify(execFile)('/bin/sh', ['-c', line], { env: variables });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    return { code: error.code, out: error.stdout ?? '', err: error.stderr ?? String(error) };
  }
}

async function runStep({ run: line, until, expect, save = {} }) {
  const end = Date.now() + patience;
  let done = await run(line);
  while (until && !done.out.includes(until)) {
    assert.ok(Date.now() < end, `${line}\nnever said ${until}:\n${done.out}${done.err}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    done = await run(line);
  }
  if (expect) {
    assert.equal(done.code, 1, `${line}\nwas not refused`);
    assert.ok(done.err.includes(`${expect}: `), `${line}\n${done.err}`);
    return;
  }
  assert.equal(done.code, 0, `${line}\n${done.err}`);
  for (const [name, where] of Object.entries(save)) {
    const value = where.split('.').reduce((at, member) => at?.[member], JSON.parse(done.out));
    assert.equal(typeof value, 'string', `${line}\nhas no ${where}:\n${done.out}`);
    variables[name] = value;
  }
}

test('every example of the reference pages works', async () => {
  const pages = await readPages();
  const { steps } = JSON.parse(await readFile(path.join(root, 'api/examples.json'), 'utf8'));
  const ran = new Map();
  for (const step of steps) {
    await runStep(step);
    if (step.action) ran.set(step.action, [...(ran.get(step.action) ?? []), step.run]);
  }
  assert.ok(pages.size >= 74);
  for (const [action, lines] of pages) assert.deepEqual(ran.get(action), lines, action);
  assert.equal(ran.size, pages.size);
});
