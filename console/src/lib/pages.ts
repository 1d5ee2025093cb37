/** The rows of all pages, each key once: a page that was read again may reach into the next one. */
export function flatten<T>(pages: readonly (readonly T[])[], keyOf: (row: T) => string): T[] {
  const seen = new Set<string>();
  const rows: T[] = [];
  for (const page of pages) {
    for (const row of page) {
      const key = keyOf(row);
      if (seen.has(key)) continue;
      seen.add(key);
      rows.push(row);
    }
  }
  return rows;
}

/** Which of `count` pages hold the rows from `firstRow` to `lastRow`. */
export function pagesInSight(firstRow: number, lastRow: number, size: number, count: number): { first: number; last: number } {
  const most = Math.max(0, count - 1);
  const page = (row: number) => Math.min(most, Math.max(0, Math.floor(row / size)));
  return { first: page(firstRow), last: page(lastRow) };
}
