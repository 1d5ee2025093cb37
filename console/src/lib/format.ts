/** `1d 02h 03m 04s`, as the original's lists have it. */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const days = Math.floor(total / 86_400);
  const hours = Math.floor((total % 86_400) / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  if (days > 0) return `${days}d ${two(hours)}h ${two(minutes)}m ${two(total % 60)}s`;
  if (hours > 0) return `${hours}h ${two(minutes)}m ${two(total % 60)}s`;
  if (minutes > 0) return `${minutes}m ${two(total % 60)}s`;
  return `${total}s`;
}

/** Local `yyyy-mm-dd hh:mm:ss`. */
export function localTime(text: string | null | undefined): string {
  if (!text) return '–';
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  const two = (value: number) => String(value).padStart(2, '0');
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

/** UTC `yyyy-mm-dd hh:mm:ss`, which the statistics actions take. */
export function statisticsTime(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', ' ');
}

export function bytes(size: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = size;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

export function percent(part: number, whole: number): number {
  return whole > 0 ? Math.round((part / whole) * 100) : 0;
}

/** The short end of a session id, which is an ARN. */
export function shortId(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1) || id;
}

/** Comma separated values; quotes where needed, and nothing that a spreadsheet would run as a formula. */
export function csv(rows: (string | number)[][]): string {
  const cell = (value: string | number) => {
    const text = typeof value === 'string' && /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}
