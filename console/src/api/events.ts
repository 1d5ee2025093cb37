import type { QueryClient } from '@tanstack/react-query';
import { affected, type EventKind, kEventKinds } from '../lib/affected';

/** What every event tells of the record that changed. */
export interface LiveEvent {
  Status?: string;
  /** Absent when the record is new. */
  FromStatus?: string;
}

function dataOf(event: MessageEvent<string> | undefined): LiveEvent {
  try {
    return JSON.parse(event?.data ?? '{}') as LiveEvent;
  } catch {
    return {};
  }
}

const kSettleMs = 400;

/**
 * Keeps what is on the screen fresh: each event of the server makes the lists that it may touch be read again.
 * Events that come together cost one reading. EventSource itself comes back after a broken connection.
 */
export function follow(
  client: QueryClient,
  region: string,
  onState: (live: boolean) => void,
  onEvent: (kind: EventKind, data: LiveEvent) => void,
): () => void {
  const source = new EventSource(`/console/events?region=${encodeURIComponent(region)}&players=1`);
  const waiting = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wasLost = false;

  const flush = () => {
    timer = undefined;
    const actions = new Set(waiting);
    waiting.clear();
    void client.invalidateQueries({
      predicate: ({ queryKey }) => queryKey[1] === region && actions.has(String(queryKey[2])),
    });
  };
  const on = (kind: EventKind) => (event?: MessageEvent<string>) => {
    onEvent(kind, dataOf(event));
    for (const action of affected(kind)) waiting.add(action);
    timer ??= setTimeout(flush, kSettleMs);
  };
  for (const kind of kEventKinds) source.addEventListener(kind, on(kind));
  source.addEventListener('open', () => {
    onState(true);
    if (wasLost) on('dropped')();
  });
  source.addEventListener('error', () => {
    wasLost = true;
    onState(false);
  });
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
