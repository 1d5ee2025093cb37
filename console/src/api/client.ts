import { ApiError, unwrap } from './error';
import type { ActionName, Input, Output, Session } from './types';

const kTimeoutMs = 60_000;
let csrf = '';
let signedOut: () => void = () => {};

/** Called whenever the server says that the session is over. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

async function send(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Response> {
  try {
    return await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(kTimeoutMs),
    });
  } catch (error) {
    throw new ApiError('Network', error instanceof Error ? error.message : String(error));
  }
}

async function json(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new ApiError('InvalidResponse', `HTTP ${response.status}`);
  }
}

/** The answer as it came: the API Explorer shows refusals as they are. */
export async function rawCall(action: string, region: string, input: unknown): Promise<unknown> {
  const response = await send('POST', `/console/api/${action}`, { 'X-GSE-Csrf': csrf, 'X-TC-Region': region }, input);
  if (response.status === 401) {
    signedOut();
    throw new ApiError('AuthFailure.SessionOver', 'The session is over', '', action);
  }
  return json(response);
}

export async function call<A extends ActionName>(action: A, region: string, input: Input<A>): Promise<Output<A>> {
  return unwrap<Output<A>>(await rawCall(action, region, input), action);
}

/** Asks the server to put its own demo package into the upload bucket. */
export async function storeDemoPackage(region: string, version: 'v1' | 'v2'): Promise<string> {
  const headers = { 'X-GSE-Csrf': csrf, 'X-TC-Region': region };
  const response = await send('POST', '/console/demo', headers, { Version: version });
  if (response.status === 401) signedOut();
  const body = (await json(response)) as { BucketKey?: string; Code?: string; Message?: string };
  if (!response.ok || !body.BucketKey) throw new ApiError(body.Code ?? 'FailedOperation', body.Message ?? '');
  return body.BucketKey;
}

async function sessionOf(response: Response): Promise<Session> {
  const body = await json(response);
  if (!response.ok) {
    const failure = body as { Code?: string; Message?: string };
    throw new ApiError(failure.Code ?? 'AuthFailure', failure.Message ?? `HTTP ${response.status}`);
  }
  const session = body as Session;
  csrf = session.CsrfToken;
  return session;
}

/** Who is signed in; null when nobody is. */
export async function currentSession(): Promise<Session | null> {
  const response = await send('GET', '/console/session', {});
  return response.status === 401 ? null : sessionOf(response);
}

export async function signIn(
  credentials: { SecretId: string; SecretKey: string } | { LinkToken: string },
): Promise<Session> {
  return sessionOf(await send('POST', '/console/session', {}, credentials));
}

export async function signOut(): Promise<void> {
  await send('DELETE', '/console/session', { 'X-GSE-Csrf': csrf });
}
