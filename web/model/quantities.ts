/** Sizes, times and dates as people of a language write them. */
import type { Strings } from '../strings/en.ts';

type In = Pick<Strings, 'lang'>;

const UNITS = ['B', 'KiB', 'MiB', 'GiB'];

/** In binary units with at most one decimal, as on the command line: `812 B`, `2.3 MiB`. */
export function formatBytes(bytes: number, { lang }: In): string {
  let value = bytes;
  let unit = 0;
  while (Math.round(value * 10) >= 10_240 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${(Math.round(value * 10) / 10).toLocaleString(lang, { useGrouping: false })} ${UNITS[unit] ?? ''}`;
}

/** Rounded as it is known: `20 sec`, `2 min`, `3 hr`. */
export function formatSeconds(seconds: number, { lang }: In): string {
  const [size, unit, step] = seconds < 55 ? [1, 'second', 5] : seconds < 5400 ? [60, 'minute', 1] : [3600, 'hour', 1];
  return new Intl.NumberFormat(lang, { style: 'unit', unit, unitDisplay: 'short' }).format(Math.max(1, Math.ceil(seconds / size / step)) * step);
}

/** `3 days ago`, `in 2 hours`; the text itself when it is no time. */
export function formatAgo(iso: string, nowMs: number, { lang }: In): string {
  const ms = Date.parse(iso) - nowMs;
  if (Number.isNaN(ms)) return iso;
  const size = Math.abs(ms) / 1000;
  const [unit, seconds] =
    size < 45
      ? (['second', Infinity] as const)
      : size < 3300
        ? (['minute', 60] as const)
        : size < 77_760
          ? (['hour', 3600] as const)
          : (['day', 86_400] as const);
  return new Intl.RelativeTimeFormat(lang, { numeric: 'auto' }).format(Math.round(ms / 1000 / seconds), unit);
}

/** Where the reader is: date and time, or only the day, or the clock of a log line. The text itself when it is no time. */
export function formatDate(iso: string, { lang }: In, what: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' }): string {
  return Number.isNaN(Date.parse(iso)) ? iso : new Date(iso).toLocaleString(lang, what);
}

export const DAY = { dateStyle: 'medium' } as const;
export const CLOCK = { timeStyle: 'medium' } as const;
