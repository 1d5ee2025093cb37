import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { call } from '../api/client';
import type { ApiError } from '../api/error';
import type { ActionName, Input, Output } from '../api/types';
import { useConsole } from '../app/console';
import { soonAfterFailure } from './api';

const kPage = 100;
const kMostPages = 50;

export type PagedAction = { [A in ActionName]: Output<A> extends { TotalCount: number } ? A : never }[ActionName];

/**
 * The entries of a list that the API hands out in pages, at most `mostPages` times a hundred. `onRead` is told how many
 * there are so far, and of how many.
 */
export async function readAll<A extends PagedAction, T>(
  action: A,
  region: string,
  input: Partial<Input<A>>,
  pick: (page: Output<A>) => T[],
  { mostPages = kMostPages, onRead }: { mostPages?: number; onRead?: (read: number, total: number) => void } = {},
): Promise<{ entries: T[]; total: number }> {
  const entries: T[] = [];
  let total = 0;
  for (let index = 0; index < mostPages; index += 1) {
    const page: Output<A> = await call(action, region, { ...input, Offset: index * kPage, Limit: kPage } as unknown as Input<A>);
    const fresh = pick(page);
    entries.push(...fresh);
    total = (page as { TotalCount: number }).TotalCount;
    onRead?.(entries.length, total);
    if (fresh.length === 0 || entries.length >= total) break;
  }
  return { entries, total };
}

/** All of such a list: whoever chooses must be offered every entry. */
export function useAll<A extends PagedAction, T>(action: A, input: Partial<Input<A>>, pick: (page: Output<A>) => T[], options: { region?: string; enabled?: boolean } = {}) {
  const { region: here, live } = useConsole();
  const region = options.region ?? here;
  return useQuery<T[], ApiError>({
    queryKey: ['api', region, action, input, 'all'],
    queryFn: async () => (await readAll(action, region, input, pick)).entries,
    enabled: options.enabled ?? true,
    placeholderData: keepPreviousData,
    refetchInterval: soonAfterFailure(live ? 30_000 : 5000),
    retry: false,
  });
}

/** What an action answers about many ids, asked for a hundred at a time. */
export function useEach<A extends ActionName, T>(action: A, ids: string[], inputOf: (ids: string[]) => Input<A>, pick: (answer: Output<A>) => T[], every: number) {
  const { region } = useConsole();
  return useQuery<T[], ApiError>({
    queryKey: ['api', region, action, ids],
    queryFn: async () => {
      const parts: string[][] = [];
      for (let begin = 0; begin < ids.length; begin += kPage) parts.push(ids.slice(begin, begin + kPage));
      const answers = await Promise.all(parts.map((part) => call(action, region, inputOf(part))));
      return answers.flatMap(pick);
    },
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
    refetchInterval: every,
    retry: false,
  });
}
