/** By which column a list is sorted, and which way. */
export interface Sorting {
  key: string;
  down: boolean;
}

/** What a click on a column's head does: upwards, then downwards, then as the server has it. */
export function nextSorting(before: Sorting | null, key: string): Sorting | null {
  if (before?.key !== key) return { key, down: false };
  return before.down ? null : { key, down: true };
}

type Value = number | string | null;

function compare(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

/** Rows in order, and for each where it was before. Equal ones stay as they were; null comes last either way. */
export function inOrder<T>(rows: readonly T[], order: (row: T) => Value, down: boolean): { rows: T[]; places: number[] } {
  const values = rows.map(order);
  const places = rows.map((_, index) => index).sort((a, b) => {
    const left = values[a]!;
    const right = values[b]!;
    if (left === null || right === null) return Number(left === null) - Number(right === null) || a - b;
    return (down ? -compare(left, right) : compare(left, right)) || a - b;
  });
  return { rows: places.map((place) => rows[place]!), places };
}
