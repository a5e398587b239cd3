/**
 * A sealed file: one JSON object whose last member, `seal`, is the sha256 of the object without it.
 * Three of four flipped bits in such a file still parse as JSON (measured), so parsing is no validation.
 * The seal protects against a damaged card, not against an attacker: these files lie in folders only root can enter.
 */
import { createHash } from 'node:crypto';
import type { Ownership } from './files/durable.ts';
import { writeDurable } from './files/durable.ts';
import { readPlain } from './files/plain-file.ts';

const SEAL = /,"seal":"([0-9a-f]{64})"\}\n$/;
const MAX_BYTES = 64 * 1024 * 1024;

/** The text of a sealed file. `value` must be an object with at least one member. */
export function withChecksum(value: object): string {
  const body = JSON.stringify(value);
  return `${body.slice(0, -1)},"seal":"${createHash('sha256').update(body).digest('hex')}"}\n`;
}

/** The object in a sealed text, or null when one bit of it is not as it was written. */
export function checkChecksum(text: string): unknown {
  const match = SEAL.exec(text);
  if (match === null) return null;
  const body = `${text.slice(0, match.index)}}`;
  if (createHash('sha256').update(body).digest('hex') !== match[1]) return null;
  const value: unknown = JSON.parse(body);
  return value;
}

/** Replaces a sealed file atomically and durably. */
export function writeChecksummed(path: string, value: object, owner: Ownership | null = null): void {
  writeDurable(path, withChecksum(value), { mode: 0o600, owner });
}

export type ChecksummedRead<T> = { is: 'absent' } | { is: 'corrupt' } | { is: 'there'; value: T };

/** Reads a sealed file. Damage, a foreign version, a wrong shape and what is no file are `corrupt`; read errors (EIO) are thrown. */
export function readChecksummed<T>(path: string, guard: (value: unknown) => value is T): ChecksummedRead<T> {
  const read = readPlain(path, { maxBytes: MAX_BYTES });
  if (read.is === 'absent') return { is: 'absent' };
  const value = read.is === 'odd' ? null : checkChecksum(read.bytes.toString('utf8'));
  return guard(value) ? { is: 'there', value } : { is: 'corrupt' };
}
