/**
 * A sealed file: one JSON object whose last member, `seal`, is the sha256 of the object without it.
 * Three of four flipped bits in such a file still parse as JSON (measured), so parsing is no validation.
 * The seal protects against a damaged card, not against an attacker: these files lie in folders only root can enter.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { errnoOf } from '../core/errors.ts';
import type { Ownership } from './durable.ts';
import { writeDurable } from './durable.ts';

const SEAL = /,"seal":"([0-9a-f]{64})"\}\n$/;
const MAX_BYTES = 64 * 1024 * 1024;

/** The text of a sealed file. `value` must be an object with at least one member. */
export function seal(value: object): string {
  const body = JSON.stringify(value);
  return `${body.slice(0, -1)},"seal":"${createHash('sha256').update(body).digest('hex')}"}\n`;
}

/** The object in a sealed text, or null when one bit of it is not as it was written. */
export function unseal(text: string): unknown {
  const match = SEAL.exec(text);
  if (match === null) return null;
  const body = `${text.slice(0, match.index)}}`;
  if (createHash('sha256').update(body).digest('hex') !== match[1]) return null;
  const value: unknown = JSON.parse(body);
  return value;
}

/** Replaces a sealed file atomically and durably. */
export function writeSealed(path: string, value: object, owner: Ownership | null = null): void {
  writeDurable(path, seal(value), { mode: 0o600, owner });
}

export type SealedRead<T> = { is: 'absent' } | { is: 'corrupt' } | { is: 'there'; value: T };

/** Reads a sealed file. Damage, a foreign version and a wrong shape are `corrupt`; read errors (EIO) are thrown. */
export function readSealed<T>(path: string, guard: (value: unknown) => value is T): SealedRead<T> {
  let text: string;
  try {
    const stat = fs.statSync(path);
    if (!stat.isFile() || stat.size > MAX_BYTES) return { is: 'corrupt' };
    text = fs.readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { is: 'absent' };
    throw error;
  }
  const value = unseal(text);
  return guard(value) ? { is: 'there', value } : { is: 'corrupt' };
}
