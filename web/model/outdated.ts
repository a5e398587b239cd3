/** Whether a page that came from the browser's cache is another than the one that its server has. Pure: what both say comes in. */

/** A document that its server gave no date has that of the moment in which it is asked. */
const AT_ONCE_MS = 5000;
/** A server that makes the page at each request may date it then. */
const JUST_NOW_MS = 2000;
const HOUR_MS = 3_600_000;

/** Whether the date of a document (`document.lastModified`) is one that its server gave it. */
export function isDated(lastModified: string, nowMs: number): boolean {
  const atMs = Date.parse(lastModified);
  return !Number.isNaN(atMs) && Math.abs(nowMs - atMs) > AT_ONCE_MS;
}

/**
 * Another date counts, and not only a later one: going back brings the date of the older page back. A difference of whole
 * hours is none: the date of a document is a local one, which has an hour twice.
 */
export function isOutdated(lastModified: string, server: { modified: string | null; date: string | null }): boolean {
  const [mineMs, theirsMs, nowMs] = [Date.parse(lastModified), Date.parse(server.modified ?? ''), Date.parse(server.date ?? '')];
  if (Number.isNaN(mineMs) || Number.isNaN(theirsMs) || nowMs - theirsMs < JUST_NOW_MS) return false;
  const apartMs = Math.abs(theirsMs - mineMs);
  return apartMs >= 1000 && apartMs !== HOUR_MS;
}
