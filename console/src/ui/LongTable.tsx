import { memo, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Endless } from '../hooks/endless';
import { useText } from '../i18n';
import { type Sorting, inOrder, nextSorting } from '../lib/sorting';
import { Button } from './Button';
import type { Column } from './Table';

interface Props<T> {
  label: string;
  list: Endless<T>;
  /** Must stay the same from one drawing to the next: rows are drawn again when it changes. */
  columns: Column<T>[];
  keyOf: (row: T) => string;
  empty: ReactNode;
}

const kRow = 65;
/** Rows drawn beyond what is seen, above and below; the first one drawn moves in steps, not with each pixel. */
const kBeyond = 12;
const kStep = 4;
/** Read on when so many rows are left below. */
const kNear = 40;
const kSeenAtFirst = 20;
/** Rows kept fresh at most, from the first one in sight: what is sorted lies anywhere among what was read. */
const kFresh = 500;

/**
 * A list without end: only the rows in sight are drawn, and more are read as it is scrolled. All rows are equally high. It is
 * sorted among the rows that were read, and says so while there are more.
 */
export function LongTable<T>({ label, list, columns, keyOf, empty }: Props<T>) {
  const text = useText();
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ first: 0, last: kSeenAtFirst });
  const frame = useRef(0);
  const { onSight, readMore } = list;
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const { rows, places } = useMemo(() => {
    const order = columns.find((column) => column.key === sorting?.key)?.order;
    return order && sorting ? inOrder(list.rows, order, sorting.down) : { rows: list.rows, places: null };
  }, [list.rows, columns, sorting]);
  const count = rows.length;

  const look = useCallback(() => {
    frame.current = 0;
    const content = box.current;
    if (!content) return;
    const first = Math.floor(content.scrollTop / kRow / kStep) * kStep;
    const last = first + Math.ceil(content.clientHeight / kRow) + kStep;
    setSeen((before) => (before.first === first && before.last === last ? before : { first, last }));
    if (places) {
      const seenPlaces = places.slice(first, last + 1);
      const lowest = Math.min(...seenPlaces);
      if (seenPlaces.length > 0) onSight(lowest, Math.min(Math.max(...seenPlaces), lowest + kFresh));
    } else onSight(first, last);
    if (last > count - kNear) readMore();
  }, [count, places, onSight, readMore]);
  useEffect(look, [look]);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  if (!list.loading && count === 0) return <>{empty}</>;
  const first = Math.min(Math.max(0, seen.first - kBeyond), Math.max(0, count - 1));
  const last = Math.min(count, seen.last + kBeyond);
  const width = columns.reduce((sum, column) => sum + (column.width ?? 160), 0);
  return (
    <>
      <div
        ref={box}
        className="long"
        role="region"
        aria-label={label}
        tabIndex={0}
        onScroll={() => {
          frame.current ||= requestAnimationFrame(look);
        }}
      >
        <table style={{ minWidth: width }} aria-rowcount={list.more ? -1 : count + 1} aria-busy={list.loading}>
          <colgroup>
            {columns.map((column) => (
              <col key={column.key} style={{ width: column.width ?? 160 }} />
            ))}
          </colgroup>
          <thead>
            <tr aria-rowindex={1}>
              {columns.map((column) => (
                <th key={column.key} scope="col" className={classOf(column)} aria-sort={sorting?.key === column.key ? (sorting.down ? 'descending' : 'ascending') : undefined}>
                  {column.order ? (
                    <button type="button" className="sorter" onClick={() => setSorting((before) => nextSorting(before, column.key))}>
                      {column.title}
                      <span aria-hidden>{sorting?.key === column.key ? (sorting.down ? ' ↓' : ' ↑') : ' ↕'}</span>
                    </button>
                  ) : (
                    column.title
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Gap rows={first} />
            {rows.slice(first, last).map((row, index) => (
              <Row key={keyOf(row)} row={row} columns={columns as Column<unknown>[]} at={first + index + 2} />
            ))}
            <Gap rows={count - last} />
          </tbody>
        </table>
      </div>
      {(list.more || count > kSeenAtFirst) && (
        <nav className="pager" aria-label={text.common.pages}>
          <span role="status">
            {text.common.shown(count, list.more)}
            {sorting && list.more && ` · ${text.common.sortedAmong}`}
          </span>
          {list.more && (
            <Button size="small" busy={list.reading} onClick={readMore}>
              {text.common.more}
            </Button>
          )}
        </nav>
      )}
    </>
  );
}

const classOf = ({ key, align }: Column<unknown> | Column<never>) => [align === 'right' ? 'long-right' : '', key === 'actions' ? 'long-fixed' : ''].join(' ').trim() || undefined;

function Gap({ rows }: { rows: number }) {
  return rows > 0 ? <tr aria-hidden style={{ height: rows * kRow }} /> : null;
}

const Row = memo(function Row({ row, columns, at }: { row: unknown; columns: Column<unknown>[]; at: number }) {
  return (
    <tr aria-rowindex={at}>
      {columns.map((column) => (
        <td key={column.key} className={classOf(column)}>
          {column.render(row)}
        </td>
      ))}
    </tr>
  );
});
