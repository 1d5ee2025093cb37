/** Times of timers: their days are those of the offset from UTC with which they were written, wherever the browser is. */

const kLastOfYear9999 = Date.UTC(10_000, 0, 1) - 1;
const two = (value: number) => String(value).padStart(2, '0');

/** Minutes that a time was written ahead of UTC: 480 of `…+08:00`, 0 of `…Z`. */
export function offsetOf(time: string): number {
  const found = /T.*([+-])(\d\d):?(\d\d)$/.exec(time);
  return found ? (found[1] === '-' ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3])) : 0;
}

/** That of this browser at a moment; summer time counts. */
export function localOffset(date: Date): number {
  return -date.getTimezoneOffset();
}

/** `+08:00`. */
export function offsetText(offset: number): string {
  const minutes = Math.abs(offset);
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** What `<input type=datetime-local>` speaks, by a clock that is `offset` minutes ahead of UTC. */
export function toInput(date: Date, offset: number): string {
  return new Date(Math.min(date.getTime() + offset * 60_000, kLastOfYear9999)).toISOString().slice(0, 16);
}

/** `2020-10-01T07:38:00+08:00` of what such a clock shows. */
export function fromInput(value: string, offset: number): string {
  return `${value.length === 16 ? `${value}:00` : value}${offsetText(offset)}`;
}

/** `2020-10-01 07:38 – 2020-11-01 00:00`, by the clock of the first, which is named where it is not the browser's. */
export function timerTimes(begin: string | null | undefined, end: string | null | undefined): string {
  if (!begin) return '–';
  const date = new Date(begin);
  const offset = offsetOf(begin);
  const shown = (time: Date) => toInput(time, offset).replace('T', ' ');
  return shown(date) + (end ? ` – ${shown(new Date(end))}` : '') + (offset === localOffset(date) ? '' : ` UTC${offsetText(offset)}`);
}
