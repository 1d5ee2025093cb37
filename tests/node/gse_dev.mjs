// A real `gse dev` for tests: its own folder, ports that the kernel picks, a key of its own; ended with the test.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const readyWithin = 30_000;
const endWithin = 15_000;

export const key = { secretId: 'AKIDnodetest', secretKey: 'secret-of-the-node-test-0001' };

/** Rejects with `what` when `promise` has not settled in time. */
function bounded(promise, ms, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Starts the server and waits for its ready line: { http: 'host:port', sdk, stop() }. */
export async function startGseDev(extraArguments = []) {
  const data = await mkdtemp(path.join(tmpdir(), 'gse-node-'));
  const binary = process.env.GSE_BINARY ?? path.join(root, 'build/release/gse');
  const child = spawn(
    binary,
    ['dev', '--listen', '127.0.0.1:0', '--sdk-listen', '127.0.0.1:0', '--data', data, ...extraArguments],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, TENCENTCLOUD_SECRET_ID: key.secretId, TENCENTCLOUD_SECRET_KEY: key.secretKey },
    });
  let log = '';
  child.stderr.on('data', (piece) => { log = (log + piece).slice(-20_000); });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const failed = new Promise((_, reject) => child.once('error', reject));
  const lines = createInterface({ input: child.stdout });
  const ready = new Promise((resolve) => lines.once('line', resolve));

  const stop = async () => {
    child.kill('SIGTERM');
    try {
      return await bounded(exited, endWithin, 'gse dev did not end after SIGTERM');
    } finally {
      child.kill('SIGKILL');  // nothing, if it is gone
      await rm(data, { recursive: true, force: true });
    }
  };
  try {
    const line = await bounded(
      Promise.race([ready, failed, exited.then((how) => { throw new Error(`gse dev ended: ${JSON.stringify(how)}`); })]),
      readyWithin, 'gse dev was not ready');
    const match = /^ready http=(\S+) sdk=(\S+)$/.exec(line);
    if (!match) throw new Error(`not a ready line: ${line}`);
    return { http: match[1], sdk: match[2], data, stop };
  } catch (error) {
    await stop().catch(() => {});
    throw new Error(`${error.message}\n${log}`);
  }
}
