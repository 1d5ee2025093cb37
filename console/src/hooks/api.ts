import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { call } from '../api/client';
import { type ApiError, asApiError, isMissing } from '../api/error';
import type { ActionName, Input, Output } from '../api/types';
import { useConsole } from '../app/console';

interface Options {
  enabled?: boolean;
  /** Read again after this time even without an event, in milliseconds. */
  every?: number;
  region?: string;
}

const kAgainMs = 3000;

/** What could not be read is asked for again soon, however seldom it changes. An action that is not offered stays so. */
export function soonAfterFailure(everyMs: number) {
  return (query: { state: { error: unknown } }) => (query.state.error && !isMissing(query.state.error) ? Math.min(everyMs, kAgainMs) : everyMs);
}

/** The answer of a reading action, read again whenever an event says that it may have changed. */
export function useApi<A extends ActionName>(action: A, input: Input<A>, options: Options = {}) {
  const console = useConsole();
  const region = options.region ?? console.region;
  const query = useQuery<Output<A>, ApiError>({
    queryKey: ['api', region, action, input],
    queryFn: () => call(action, region, input),
    enabled: options.enabled ?? true,
    placeholderData: keepPreviousData,
    refetchInterval: soonAfterFailure(options.every ?? (console.live ? 30_000 : 5000)),
    retry: false,
  });
  return { ...query, missing: isMissing(query.error) };
}

/** Runs actions that change something; whatever is on the screen is read again afterwards. */
export function useSubmit() {
  const { region } = useConsole();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const running = useRef(false);

  const submit = useCallback(
    async (work: (run: Run) => Promise<void>): Promise<boolean> => {
      if (running.current) return false;
      running.current = true;
      setBusy(true);
      setError(null);
      try {
        await work((action, input) => call(action, region, input));
        return true;
      } catch (thrown) {
        setError(asApiError(thrown));
        return false;
      } finally {
        running.current = false;
        setBusy(false);
        void client.invalidateQueries({ queryKey: ['api'] });
      }
    },
    [client, region],
  );
  const clear = useCallback(() => setError(null), []);
  return { busy, error, submit, clear };
}

export type Run = <A extends ActionName>(action: A, input: Input<A>) => Promise<Output<A>>;
