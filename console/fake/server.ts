import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { actionsOf, Refusal } from './actions';
import { kRegion, populated, World } from './world';

/** The real server's. */
export const kCsp = "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const kTypes: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const kCsrf = 'csrf-of-the-fake';
const kMostBody = 64 * 1024 * 1024;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += (part as Buffer).length;
    if (size > kMostBody) throw new Error('too large');
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** The server side of the console's contract, in memory. Signs in with AKIDfake / secret, AKIDread / secret, or the link token `once`. */
export function createFake(options: { empty?: boolean; dist?: string; missing?: string[]; idleSeconds?: number } = {}) {
  const world = options.empty ? new World() : populated();
  const handlers = actionsOf(world) as Record<string, ((input: never) => object) | undefined>;
  const sessions = new Map<string, { SecretId: string; ReadOnly: boolean }>();
  let links = new Set(['once']);
  let next = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  /** `failing`: the action that fails, as long as it is named. */
  const state = { failing: '' };

  const describe = (who: { SecretId: string; ReadOnly: boolean }) => ({
    ...who,
    CsrfToken: kCsrf,
    Regions: [{ Region: kRegion }, { Region: 'na-siliconvalley' }],
    DefaultRegion: kRegion,
    IdleSeconds: options.idleSeconds ?? 1800,
    Dev: true,
    Version: '0.1.0-fake',
  });
  const whoIs = (request: IncomingMessage) => sessions.get(/gse_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '');

  async function signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse((await bodyOf(request)).toString()) as { SecretId?: string; SecretKey?: string; LinkToken?: string };
    const byLink = body.LinkToken !== undefined && links.has(body.LinkToken);
    if (byLink) links = new Set();
    const byKey = ['AKIDfake', 'AKIDread'].includes(body.SecretId ?? '') && body.SecretKey === 'secret';
    if (!byLink && !byKey) {
      return json(response, 401, { Code: byLink ? 'AuthFailure' : 'AuthFailure.SecretIdNotFound', Message: 'the key or the link is not known here' });
    }
    next += 1;
    const who = { SecretId: body.SecretId ?? 'AKIDfake', ReadOnly: body.SecretId === 'AKIDread' };
    sessions.set(`s${next}`, who);
    json(response, 200, describe(who), { 'Set-Cookie': `gse_session=s${next}; HttpOnly; SameSite=Strict; Path=/` });
  }

  async function act(request: IncomingMessage, response: ServerResponse, action: string): Promise<void> {
    const input = JSON.parse((await bodyOf(request)).toString() || '{}') as never;
    const RequestId = `r-${(next += 1)}`;
    const handler = options.missing?.includes(action) ? undefined : handlers[action];
    const refuse = (Code: string, Message: string) => json(response, 200, { Response: { Error: { Code, Message }, RequestId } });
    if (request.headers['x-gse-csrf'] !== kCsrf) return json(response, 403, { Code: 'AuthFailure', Message: 'no CSRF token' });
    if (state.failing === action) return refuse('InternalError', 'a fault planted by a test');
    if (!handler) return refuse('InvalidAction', `there is no action "${action}"`);
    if (request.headers['x-tc-region'] !== kRegion && /^(Describe|List)/.test(action)) {
      const away = actionsOf(new World()) as typeof handlers;
      try {
        return json(response, 200, { Response: { ...away[action]?.(input), RequestId } });
      } catch {
        return refuse('ResourceNotFound', 'nothing in this region');
      }
    }
    try {
      json(response, 200, { Response: { ...handler(input), RequestId } });
    } catch (error) {
      if (error instanceof Refusal) refuse(error.code, error.message);
      else refuse('InternalError', String(error));
    }
  }

  function events(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(': hello\n\n');
    let id = 0;
    const listener = (kind: string, data: unknown) => response.write(`id: ${(id += 1)}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
    world.listeners.add(listener);
    request.on('close', () => world.listeners.delete(listener));
  }

  async function file(path: string, response: ServerResponse): Promise<boolean> {
    if (!options.dist) return false;
    const relative = path === '/console/' || path === '/console' ? 'index.html' : normalize(path.slice('/console/'.length));
    if (relative.startsWith('..')) return false;
    try {
      const data = await readFile(join(options.dist, relative));
      response.writeHead(200, { 'Content-Type': kTypes[extname(relative)] ?? 'application/octet-stream', 'Content-Security-Policy': kCsp, 'X-Content-Type-Options': 'nosniff' }).end(data);
      return true;
    } catch {
      return false;
    }
  }

  /** Answers what belongs to the console; false for everything else. */
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { pathname } = new URL(request.url ?? '/', 'http://fake');
    const who = whoIs(request);
    if (pathname === '/console/session') {
      if (request.method === 'POST') await signIn(request, response);
      else if (request.method === 'DELETE') {
        sessions.clear();
        response.writeHead(204).end();
      } else if (who) json(response, 200, describe(who));
      else json(response, 401, { Code: 'AuthFailure', Message: 'nobody is signed in' });
      return true;
    }
    const guarded = pathname.startsWith('/console/api/') || pathname === '/console/events' || pathname === '/console/demo';
    if (guarded && !who) {
      json(response, 401, { Code: 'AuthFailure', Message: 'nobody is signed in' });
      return true;
    }
    if (pathname.startsWith('/console/api/')) return (await act(request, response, pathname.slice('/console/api/'.length)), true);
    if (pathname === '/console/events') return (events(request, response), true);
    if (pathname === '/console/demo') {
      world.uploads.set('demo/chat-v1.zip', 2_000_000);
      return (json(response, 200, { BucketKey: 'demo/chat-v1.zip' }), true);
    }
    const upload = /^\/objects\/[^/]+\/(.+)$/.exec(pathname);
    if (upload && request.method === 'PUT') {
      if (request.headers.authorization !== 'q-sign=fake') return (response.writeHead(403).end('no'), true);
      world.uploads.set(decodeURIComponent(upload[1]!), (await bodyOf(request)).length);
      return (response.writeHead(200).end(), true);
    }
    return file(pathname, response);
  }

  return {
    world,
    state,
    handle,
    /** Ends every session of the console. */
    expire: () => sessions.clear(),
    start: () => {
      timer = setInterval(() => world.tick(), 250);
    },
    stop: () => clearInterval(timer),
    listen: () =>
      new Promise<{ url: string; close: () => Promise<void> }>((resolve) => {
        const server = createServer((request, response) => {
          handle(request, response).then((handled) => handled || response.writeHead(404).end(), (error: unknown) => response.writeHead(500).end(String(error)));
        });
        server.listen(0, '127.0.0.1', () => {
          const address = server.address();
          const port = typeof address === 'object' && address ? address.port : 0;
          resolve({
            url: `http://127.0.0.1:${port}`,
            close: () =>
              new Promise((done) => {
                server.closeAllConnections();
                server.close(() => done());
              }),
          });
        });
      }),
  };
}
