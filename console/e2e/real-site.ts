import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request as askPlain, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, request as askSecure } from 'node:https';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { ActionName, Input, Output } from '../src/api/types';
import { en } from '../src/i18n/en';
import { zh } from '../src/i18n/zh';
import { kDist, watch } from './browser';

const kReadyMs = 30_000;
const kEndMs = 15_000;
const kTypes: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
export const kKey = { id: 'AKIDconsoletest', secret: 'secret-of-the-console-test-0001' };

/** How a story is told: what the browser prefers, and how it reaches the server. */
export interface Telling {
  locale: 'en-US' | 'zh-CN';
  theme: 'light' | 'dark';
  https: boolean;
}
export const kTellings: Telling[] = [
  { locale: 'en-US', theme: 'light', https: false },
  { locale: 'zh-CN', theme: 'dark', https: true },
];
export const nameOf = ({ locale, theme, https }: Telling) => `${locale}, ${theme}, ${https ? 'HTTPS' : 'HTTP'}`;
export const textOf = ({ locale }: Telling) => (locale === 'zh-CN' ? zh : en);

export interface RealServer {
  /** Without a path; what the browser opens. */
  url: string;
  /** Of the server itself, for programs. */
  api: string;
  /** The token of the link that signs in once. */
  link: string;
  /** Who signed the server's certificate; "" with HTTP. */
  authority: string;
  close: () => Promise<void>;
}

export const binaryOf = (name: string) => {
  const gse = process.env['GSE_BINARY'] ?? join(kDist, '../../build/release/gse');
  const path = name === 'gse' ? gse : join(gse, '..', name);
  if (!existsSync(path)) throw new Error(`no program at ${path}: ./dev build first, or set GSE_BINARY`);
  return path;
};

async function bounded<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

interface Certificate {
  cert: string;
  key: string;
}

/** A certificate that vouches for itself. */
function selfMade(folder: string): Certificate {
  const made = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', ...subject, '-keyout', made.key, '-out', made.cert], { stdio: 'ignore' });
  return made;
}

async function launchServer(folder: string, certificate: Certificate | null, settings: string[]): Promise<{ child: ChildProcess; url: string; ended: Promise<void> }> {
  const tls = certificate ? ['--tls-cert', certificate.cert, '--tls-key', certificate.key] : [];
  const child = spawn(binaryOf('gse'), ['dev', '--listen', '127.0.0.1:0', '--sdk-listen', '127.0.0.1:0', '--data', join(folder, 'data'), ...tls, ...settings], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], TENCENTCLOUD_SECRET_ID: kKey.id, TENCENTCLOUD_SECRET_KEY: kKey.secret },
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
    const address = /^ready https?=(\S+)/.exec(line)?.[1];
    if (!address) throw new Error(`not a ready line: ${line}`);
    return { child, url: `${certificate ? 'https' : 'http'}://${address}`, ended };
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${String(error)}\n${log}`);
  }
}

/**
 * The console's files as they were last built, under the server's own content security policy, before the server's
 * session, API and events: what the browser sees is one origin.
 */
async function frontOf(server: string, certificate: Certificate | null): Promise<{ url: string; close: () => Promise<void> }> {
  const trusted = certificate ? { ca: readFileSync(certificate.cert) } : {};
  const ask = certificate ? askSecure : askPlain;
  const policy = await new Promise<string>((resolve, reject) => {
    ask(`${server}/console/`, trusted, (answer) => {
      answer.resume();
      resolve(String(answer.headers['content-security-policy'] ?? ''));
    })
      .on('error', reject)
      .end();
  });
  if (!policy) throw new Error('the server sends its pages without a content security policy');

  function hand(request: IncomingMessage, response: ServerResponse): void {
    const { host } = new URL(server);
    const headers = { ...request.headers, host, ...(request.headers.origin ? { origin: server } : {}) };
    const onward = ask(`${server}${request.url ?? ''}`, { method: request.method, headers, ...trusted }, (answer) => {
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
    response.writeHead(content ? 200 : 404, { 'Content-Type': kTypes[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': policy });
    response.end(content ?? undefined);
  }
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '/', 'http://front');
    const ofServer = /^\/(objects\/|console\/(session|events|demo)$|console\/api\/)/.test(pathname);
    if (ofServer) hand(request, response);
    else void file(pathname, response);
  };
  const front = certificate ? createSecureServer({ cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) }, serve) : createServer(serve);
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const address = front.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return {
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((done) => {
        front.closeAllConnections();
        front.close(() => done());
      }),
  };
}

/** A real `gse dev` with a folder of its own. GSE_EMBEDDED=1 takes the console in the binary instead of dist/. */
export async function startReal({ https = false, settings = [] as string[] } = {}): Promise<RealServer> {
  const folder = await mkdtemp(join(tmpdir(), 'gse-console-'));
  const certificate = https ? selfMade(folder) : null;
  const { child, url, ended } = await launchServer(folder, certificate, settings).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await bounded(ended, kEndMs, 'gse dev did not end after SIGTERM').finally(() => child.kill('SIGKILL'));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const link = /#\/link\/(\S+)/.exec(await readFile(join(folder, 'data/console-link'), 'utf8'))?.[1] ?? '';
    const front = process.env['GSE_EMBEDDED'] ? { url, close: async () => undefined } : await frontOf(url, certificate);
    return { url: front.url, api: url, link, authority: certificate?.cert ?? '', close: () => front.close().then(stop) };
  } catch (error) {
    await stop();
    throw error;
  }
}

export type Answer<A extends ActionName> = Output<A> & { Error?: { Code: string; Message: string } };
export type Call = <A extends ActionName>(action: A, input: Input<A>) => Promise<Answer<A>>;

export interface Visitor {
  context: BrowserContext;
  page: Page;
  complaints: string[];
  /** An action as the page itself would send it: with its cookie and its token. */
  call: Call;
}

/** Actions as a page itself would send them: with its cookie and its token. */
export function callOf(page: Page): Call {
  const call = async (action: string, input: unknown) =>
    page.evaluate(
      async ([name, body]) => {
        const session = (await (await fetch('/console/session')).json()) as { CsrfToken: string; DefaultRegion: string };
        const headers = { 'Content-Type': 'application/json', 'X-GSE-Csrf': session.CsrfToken, 'X-TC-Region': session.DefaultRegion };
        const response = await fetch(`/console/api/${name}`, { method: 'POST', headers, body: JSON.stringify(body) });
        return ((await response.json()) as { Response: unknown }).Response;
      },
      [action, input] as const,
    );
  return call as Call;
}

/** A browser before a real server, signed in by the link. */
export async function signInByLink(browser: Browser, server: RealServer, { locale, theme }: Telling, patienceMs = 30_000): Promise<Visitor> {
  const context = await browser.newContext({ locale, colorScheme: theme, viewport: { width: 1280, height: 900 }, ignoreHTTPSErrors: true });
  context.setDefaultTimeout(patienceMs);
  const complaints = watch(context);
  const page = await context.newPage();
  await page.goto(`${server.url}/console/#/link/${server.link}`);
  await page.locator('.bar').waitFor();
  return { context, page, complaints, call: callOf(page) };
}
