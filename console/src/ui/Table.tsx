import { Table as TTable } from 'tdesign-react/es/table';
import { type ReactNode, useEffect, useRef } from 'react';
import { useNarrow } from '../hooks/media';
import { useText } from '../i18n';
import { Button } from './Button';

export interface Column<T> {
  key: string;
  title: string;
  render: (row: T) => ReactNode;
  width?: number;
  align?: 'left' | 'right' | 'center';
  /** What rows are sorted by when its head is clicked; none: they are not. null comes last either way. */
  order?: (row: T) => number | string | null;
}

interface Props<T> {
  label: string;
  rows: T[];
  columns: Column<T>[];
  rowKey: keyof T & string;
  /** Whether rows have two lines. */
  tall?: boolean;
  loading?: boolean;
  empty: ReactNode;
}

const kVirtualFrom = 60;
const kRow = 41;
const kTallRow = 65;

/** A list. Long ones draw only the rows in sight. */
export function Table<T extends object>({ label, rows, columns, rowKey, tall, loading, empty }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const narrow = useNarrow();
  // What scrolls sideways must be in reach of the keyboard.
  useEffect(() => box.current?.querySelector('.t-table__content')?.setAttribute('tabindex', '0'));
  if (!loading && rows.length === 0) return <>{empty}</>;
  if (narrow && rows.length > 0) return <Cards label={label} rows={rows} columns={columns} rowKey={rowKey} />;
  const long = rows.length > kVirtualFrom;
  const width = columns.reduce((sum, column) => sum + (column.width ?? 160), 0);
  return (
    <div ref={box} className="table" role="region" aria-label={label}>
      <TTable
        data={rows as Record<string, unknown>[]}
        rowKey={rowKey}
        size="small"
        tableLayout="fixed"
        loading={Boolean(loading) && rows.length === 0}
        hover
        tableContentWidth={`max(100%, ${width}px)`}
        {...(long ? { height: 560, scroll: { type: 'virtual' as const, rowHeight: tall ? kTallRow : kRow, threshold: kVirtualFrom, bufferSize: 20 } } : {})}
        columns={columns.map((column) => ({
          colKey: column.key,
          title: column.title,
          align: column.align ?? 'left',
          ...(column.key === 'actions' ? { fixed: 'right' as const } : {}),
          ...(column.width ? { width: column.width } : {}),
          cell: ({ row }: { row: unknown }) => column.render(row as T),
        }))}
      />
    </div>
  );
}

/** The same on a phone: a row is a card, its first column the heading. */
function Cards<T extends object>({ label, rows, columns, rowKey }: Pick<Props<T>, 'label' | 'rows' | 'columns' | 'rowKey'>) {
  const [first, ...rest] = columns;
  return (
    <ul className="row-cards" aria-label={label}>
      {rows.map((row) => (
        <li key={String(row[rowKey])}>
          <div className="row-card-head">{first?.render(row)}</div>
          <dl>
            {rest.map((column) => (
              <div key={column.key} className={column.key === 'actions' ? 'row-card-actions' : undefined}>
                <dt>{column.title}</dt>
                <dd>{column.render(row)}</dd>
              </div>
            ))}
          </dl>
        </li>
      ))}
    </ul>
  );
}

/** Pages by offset. */
export function Pager(props: { offset: number; size: number; total: number; onOffset: (offset: number) => void }) {
  const { offset, size, total, onOffset } = props;
  const text = useText();
  if (total <= size && offset === 0) return null;
  return (
    <nav className="pager" aria-label={text.common.pages}>
      <span>{text.common.range(Math.min(offset + 1, total), Math.min(offset + size, total), total)}</span>
      <Button size="small" disabled={offset === 0} onClick={() => onOffset(Math.max(0, offset - size))}>
        {text.common.previous}
      </Button>
      <Button size="small" disabled={offset + size >= total} onClick={() => onOffset(offset + size)}>
        {text.common.next}
      </Button>
    </nav>
  );
}
