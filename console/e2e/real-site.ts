import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request as ask, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { createInterface } from 'node:readline';
import { kDist } from './browser';

const kReadyMs = 30_000;
const kEndMs = 15_000;
const kTypes: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

export interface RealServer {
  /** Without a path; what the browser opens. */
  url: string;
  /** The token of the link that signs in once. */
  link: string;
  close: () => Promise<void>;
}

async function bounded<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function launchServer(data: string): Promise<{ child: ChildProcess; url: string; ended: Promise<void> }> {
  const binary = process.env['GSE_BINARY'] ?? join(kDist, '../../build/release/gse');
  if (!existsSync(binary)) throw new Error(`no server at ${binary}: ./dev build first, or set GSE_BINARY`);
  const child = spawn(binary, ['dev', '--listen', '127.0.0.1:0', '--sdk-listen', '127.0.0.1:0', '--data', data], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  let log = '';
  child.stderr.on('data', (piece: Buffer) => {
    log = (log + piece.toString()).slice(-20_000);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const ready = new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  try {
    const line = await bounded(Promise.race([ready, ended.then(() => 'it ended')]), kReadyMs, 'gse dev was not ready');
    const address = /^ready http=(\S+)/.exec(line)?.[1];
    if (!address) throw new Error(`not a ready line: ${line}`);
    return { child, url: `http://${address}`, ended };
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${String(error)}\n${log}`);
  }
}

/**
 * The console's files as they were last built, under the server's own content security policy, before the server's
 * session, API and events: what the browser sees is one origin.
 */
async function frontOf(server: string): Promise<{ url: string; close: () => Promise<void> }> {
  const fields = (await fetch(`${server}/console/`)).headers;
  const policy = fields.get('content-security-policy');
  if (!policy) throw new Error('the server sends its pages without a content security policy');

  function hand(request: IncomingMessage, response: ServerResponse): void {
    const { host } = new URL(server);
    const headers = { ...request.headers, host, ...(request.headers.origin ? { origin: server } : {}) };
    const onward = ask(`${server}${request.url ?? ''}`, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }
  async function file(path: string, response: ServerResponse): Promise<void> {
    const name = path === '/console/' ? 'index.html' : normalize(path.slice('/console/'.length));
    const content = name.startsWith('..') ? null : await readFile(join(kDist, name)).catch(() => null);
    response.writeHead(content ? 200 : 404, { 'Content-Type': kTypes[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': policy ?? '' });
    response.end(content ?? undefined);
  }
  const front = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://front');
    const ofServer = /^\/(objects\/|console\/(session|events|demo)$|console\/api\/)/.test(pathname);
    if (ofServer) hand(request, response);
    else void file(pathname, response);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const address = front.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((done) => {
        front.closeAllConnections();
        front.close(() => done());
      }),
  };
}

/** A real `gse dev` with a folder of its own. GSE_EMBEDDED=1 takes the console in the binary instead of dist/. */
export async function startReal(): Promise<RealServer> {
  const data = await mkdtemp(join(tmpdir(), 'gse-console-'));
  const { child, url, ended } = await launchServer(data).catch(async (error: unknown) => {
    await rm(data, { recursive: true, force: true });
    throw error;
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await bounded(ended, kEndMs, 'gse dev did not end after SIGTERM').finally(() => child.kill('SIGKILL'));
    await rm(data, { recursive: true, force: true });
  };
  try {
    const link = /#\/link\/(\S+)/.exec(await readFile(join(data, 'console-link'), 'utf8'))?.[1] ?? '';
    const front = process.env['GSE_EMBEDDED'] ? { url, close: async () => undefined } : await frontOf(url);
    return { url: front.url, link, close: () => front.close().then(stop) };
  } catch (error) {
    await stop();
    throw error;
  }
}
