/**
 * How long servers asked to be left alone (Retry-After), kept from run to run. What is kept is believed only as far as the clock
 * allows: a wait that began in the future, or is longer than a day, is none.
 */
import * as z from 'zod';
import { UpdateError } from '../errors.ts';
import { RETRY_AFTER_MAX_MS, waitText } from './retry-after.ts';

/** The owner who presses the button may have repaired the server: a run by hand leaves it alone for so long at most. */
export const BY_HAND_MAX_MS = 15 * 60_000;

const MAX_WAITS = 16;

const Wait = z.strictObject({ origin: z.string().max(300), asked: z.iso.datetime(), ms: z.int().positive().max(RETRY_AFTER_MAX_MS) });

export const KeptWaits = z.strictObject({ schema: z.literal(1), waits: z.array(Wait).max(MAX_WAITS) });
export type KeptWaits = z.infer<typeof KeptWaits>;

export const NO_WAITS: KeptWaits = { schema: 1, waits: [] };

/** How many milliseconds of a wait are left for an origin; 0 when it may be asked. */
export function waitLeftMs({ waits }: KeptWaits, origin: string, nowMs: number, mostMs: number): number {
  const left = waits.map((wait) => {
    const since = nowMs - Date.parse(wait.asked);
    return wait.origin !== origin || since < 0 ? 0 : Math.min(wait.ms, mostMs) - since;
  });
  return Math.max(0, ...left);
}

/** With what an origin asked for now; `ms` of 0 is that it answered. Waits that are over are left out, the newest are kept. */
export function noteWait(kept: KeptWaits, origin: string, ms: number, nowMs: number): KeptWaits {
  const others = kept.waits.filter((wait) => wait.origin !== origin && waitLeftMs({ schema: 1, waits: [wait] }, wait.origin, nowMs, wait.ms) > 0);
  const asked = { origin, asked: new Date(nowMs).toISOString(), ms: Math.min(RETRY_AFTER_MAX_MS, Math.ceil(ms)) };
  return { schema: 1, waits: [...others, ...(ms > 0 ? [asked] : [])].slice(-MAX_WAITS) };
}

/** The failure of a request that was not made. */
export function stillWaiting(url: URL, what: string, leftMs: number, nowMs: number): UpdateError {
  const until = `${new Date(Math.ceil((nowMs + leftMs) / 1000) * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  return new UpdateError('SERVER_ERROR', `'${url.host}' was not asked for ${what}: it is limiting requests until ${until}`, {
    hint: `the server is limiting requests: try again in ${waitText(leftMs)}; nothing was changed`,
    subject: url.origin,
    retryAfterMs: leftMs,
  });
}
