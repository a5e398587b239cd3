/** Which servers asked to be left alone, and for how long: in this run, and in a file for the next ones. */
import { KeptWaits, BY_HAND_MAX_MS, NO_WAITS, noteWait, stillWaiting, waitLeftMs } from '../../core/network/kept-waits.ts';
import { UpdateError } from '../../core/errors.ts';
import { dirname } from 'node:path';
import { readJsonFile, WORLD_READABLE, writeOwned } from '../state/json-file.ts';
import { ownerOf } from '../state/real-directory.ts';

const MAX_BYTES = 64 * 1024;

export interface Waits {
  /** Throws SERVER_ERROR, and sends no request, while the server of `url` wants to be left alone. */
  assertOver: (url: URL, what: string) => void;
  /** What came of a request: null for an answer, or its failure, which may say how long to wait. */
  note: (url: URL, failure: unknown) => void;
}

export const NO_WAITS_KEPT: Waits = { assertOver: () => undefined, note: () => undefined };

/**
 * `byHand`: the owner is kept waiting for 15 minutes at most, long enough for an owner who presses a button again and again, and
 * short enough for an owner who has repaired the server; the timer keeps to all of it, which is a day at most. A damaged file is none.
 */
export function waits(file: string, byHand: boolean): Waits {
  /** Of this run, by a monotonic clock. */
  const asked = new Map<string, { until: number }>();
  let kept: KeptWaits | null = null;
  const known = (): KeptWaits => (kept ??= readKept(file));
  return {
    assertOver: (url, what) => {
      const now = Date.now();
      const mine = (asked.get(url.origin)?.until ?? 0) - performance.now();
      const left = Math.max(mine, waitLeftMs(known(), url.origin, now, byHand ? BY_HAND_MAX_MS : Infinity));
      if (left > 0) throw stillWaiting(url, what, left, now);
    },
    note: (url, failure) => {
      const ms = failure instanceof UpdateError ? (failure.retryAfterMs ?? 0) : 0;
      // Neither an answer nor a wish: what was asked for before stays.
      if (failure !== null && ms === 0) return;
      if (ms > 0) asked.set(url.origin, { until: performance.now() + ms });
      else asked.delete(url.origin);
      const before = known();
      if (ms === 0 && !before.waits.some(({ origin }) => origin === url.origin)) return;
      kept = noteWait(before, url.origin, ms, Date.now());
      writeKept(file, kept);
    },
  };
}

function readKept(file: string): KeptWaits {
  try {
    return readJsonFile(file, KeptWaits, 'the file of waits', MAX_BYTES) ?? NO_WAITS;
  } catch {
    // Safe to ignore: at worst a server is asked once more.
    return NO_WAITS;
  }
}

function writeKept(file: string, value: KeptWaits): void {
  try {
    writeOwned(file, value, WORLD_READABLE, { owner: ownerOf(dirname(file)), report: () => undefined });
  } catch {
    // Safe to ignore: at worst a server is asked once more, and a full disk must not hide what it said.
  }
}
