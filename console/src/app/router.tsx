import { type AnchorHTMLAttributes, useSyncExternalStore } from 'react';

/** Where one is: `#/fleets/fleet-1/events?code=X` has the parts fleets, fleet-1, events. */
export interface Route {
  path: string;
  parts: string[];
  query: URLSearchParams;
}

export function parseHash(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const parts = path.split('/').filter(Boolean).map(decode);
  return { path: `/${path}`, parts, query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** `to('fleets', id, 'events')`: a path with its parts encoded. */
export function to(...parts: string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

export function withQuery(path: string, query: Record<string, string | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value) search.set(key, value);
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

export function go(path: string): void {
  window.location.hash = path;
}

/** Changes the address without a step in the history. */
export function replace(path: string): void {
  window.history.replaceState(null, '', `#${path}`);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

export function useRoute(): Route {
  return parseHash(useSyncExternalStore(subscribe, () => window.location.hash));
}

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  to: string;
}

export function Link({ to: path, className, children, ...rest }: LinkProps) {
  return (
    <a {...rest} className={className ?? 'link'} href={`#${path}`}>
      {children}
    </a>
  );
}
