/** The Retry-After header (RFC 9110 section 10.2.3): seconds or a date, never believed beyond a day. */

export const RETRY_AFTER_MAX_MS = 24 * 3600 * 1000;

/** Milliseconds from `nowMs` until the server wants to be asked again; null when it does not say so in a way we understand. */
export function retryAfterMs(header: string | null | undefined, nowMs: number): number | null {
  const text = header?.trim() ?? '';
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : /GMT$/.test(text) ? Date.parse(text) - nowMs : Number.NaN;
  return Number.isNaN(ms) ? null : Math.min(RETRY_AFTER_MAX_MS, Math.max(0, ms));
}

/** A wait for people: `45 s`, `10 min`, `24 h`; rounded up, so that a retry is never too early. */
export function waitText(ms: number): string {
  if (ms <= 60_000) return `${String(Math.ceil(ms / 1000))} s`;
  return ms <= 3_600_000 ? `${String(Math.ceil(ms / 60_000))} min` : `${String(Math.ceil(ms / 3_600_000))} h`;
}
