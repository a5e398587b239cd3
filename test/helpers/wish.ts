/** What an owner has agreed to, by default to nothing in particular. */
import type { Wanted } from '../../lib/core/device/state.ts';

export function wish(at: Date, about: Partial<Omit<Wanted, 'at'>> = {}): Wanted {
  return { version: null, manifest_sha256: null, retry: false, replace: [], at: at.toISOString(), ...about };
}

/** That this version, which failed before, is tried again. */
export function tryAgain(at: Date, version: string): Wanted {
  return wish(at, { version, retry: true });
}
