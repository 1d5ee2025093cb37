import { useQueries } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { call } from '../api/client';
import type { ApiError } from '../api/error';
import type { ActionName, Input, Output } from '../api/types';
import { useConsole } from '../app/console';
import { flatten, pagesInSight } from '../lib/pages';
import { soonAfterFailure } from './api';

const kPage = 100;
const kMostPages = 200;

interface Reading<A extends ActionName, T> {
  rowsOf: (page: Output<A>) => T[];
  keyOf: (row: T) => string;
  /** What the next page is asked for with; null behind the last one. `read` counts the rows up to here. */
  next: (page: Output<A>, read: number) => Partial<Input<A>> | null;
  enabled?: boolean;
}

export interface Endless<T> {
  rows: T[];
  loading: boolean;
  error: ApiError | null;
  /** Whether more can be read. */
  more: boolean;
  reading: boolean;
  readMore: () => void;
  /** Which rows are seen: only their pages are kept fresh. */
  onSight: (first: number, last: number) => void;
}

/**
 * A list of any length, read page by page as it is scrolled. What is out of sight stays as it was read, and is read
 * again when it comes back; positions of NextToken make sure that nothing is missed in between. At most 20,000 rows.
 */
export function useEndless<A extends ActionName, T>(action: A, input: Input<A>, { rowsOf, keyOf, next, enabled = true }: Reading<A, T>): Endless<T> {
  const { region, live } = useConsole();
  const list = JSON.stringify([region, action, input]);
  const [state, setState] = useState({ list, cursors: [{}] as Partial<Input<A>>[], first: 0, last: 0 });
  const { cursors, first, last } = state.list === list ? state : { cursors: [{} as Partial<Input<A>>], first: 0, last: 0 };
  const queries = useQueries({
    queries: cursors.map((cursor, index) => ({
      queryKey: ['api', region, action, { ...input, ...cursor, Limit: kPage }],
      queryFn: (): Promise<Output<A>> => call(action, region, { ...input, ...cursor, Limit: kPage } as Input<A>),
      enabled: enabled && index >= first && index <= last,
      refetchInterval: soonAfterFailure(live ? 30_000 : 5000),
      retry: false,
    })),
  });
  const pages = queries.map((one) => one.data as Output<A> | undefined);

  // Ten thousand rows are put together only when a page has changed.
  const kept = useRef<{ pages: (Output<A> | undefined)[]; rows: T[] }>({ pages: [], rows: [] });
  if (kept.current.pages.length !== pages.length || pages.some((page, index) => page !== kept.current.pages[index])) {
    kept.current = { pages, rows: flatten(pages.map((page) => (page ? rowsOf(page) : [])), keyOf) };
  }
  const { rows } = kept.current;

  const end = pages[pages.length - 1];
  const cursor = end && cursors.length < kMostPages ? next(end, cursors.length * kPage) : null;
  const latest = useRef({ list, cursors, cursor, first, last });
  latest.current = { list, cursors, cursor, first, last };
  const readMore = useCallback(() => {
    const { cursor: following, cursors: before, list: of, first: from } = latest.current;
    if (following) setState({ list: of, cursors: [...before, following], first: from, last: before.length });
  }, []);
  const onSight = useCallback((firstRow: number, lastRow: number) => {
    const now = latest.current;
    const sight = pagesInSight(firstRow, lastRow, kPage, now.cursors.length);
    if (sight.first !== now.first || sight.last !== now.last) setState({ list: now.list, cursors: now.cursors, ...sight });
  }, []);
  const failed = queries.find((one) => one.error)?.error ?? null;
  return {
    rows,
    loading: enabled && rows.length === 0 && queries[0]!.isPending,
    error: failed as ApiError | null,
    more: cursor !== null,
    reading: queries[queries.length - 1]!.isFetching && end === undefined,
    readMore,
    onSight,
  };
}

/** The pages of lists with a NextToken. */
export const byToken = (page: { NextToken: string }) => (page.NextToken ? { NextToken: page.NextToken } : null);
/** The pages of lists with an Offset and a TotalCount. */
export const byOffset = (page: { TotalCount: number }, read: number) => (read < page.TotalCount ? { Offset: read } : null);
