/** A transaction whose journal cannot be read, and what recovery has to make of it. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { writeDurable } from '../../lib/transaction/files/durable.ts';
import type { TransactionPaths } from '../../lib/transaction/transaction-paths.ts';
import type { Recovery } from '../../lib/transaction/types.ts';
import { recordFile } from './change.ts';
import type { World } from './oracle.ts';
import { assertSettled, worldOf } from './oracle.ts';

/** Puts a file with other bytes in the place of one, whatever inode that was. */
export function rewrite(path: string, change: (text: string) => string): void {
  const text = fs.readFileSync(path, 'utf8');
  fs.rmSync(path);
  fs.writeFileSync(path, change(text), { mode: 0o600 });
}

export const flip = (text: string): string => `${text.slice(0, 100)}\u0001${text.slice(101)}`;

/** Returns whether there was a journal to damage. */
export function damageJournal(place: TransactionPaths): boolean {
  if (!fs.existsSync(place.journal)) return false;
  rewrite(place.journal, flip);
  return true;
}

/**
 * The recorded version is for the caller to write: the journal does not tell what it was about. What was kept aside for a
 * rollback that is not finished stays: too much is kept rather than too little.
 */
export function assertRebuilt(place: TransactionPaths, recovery: Recovery, worlds: readonly World[], foreign: Record<string, number>): void {
  assert.ok(recovery.is === 'rebuilt', recovery.is === 'broken' ? recovery.reason : recovery.is);
  assert.ok(fs.existsSync(recovery.aside));
  writeDurable(recordFile(place), `${String(worldOf(place).version)}\n`, { mode: 0o644 });
  const { installed, edited } = worldOf(place);
  const possible = worlds.map((world) => ({ ...world, edited }));
  assertSettled(place, possible, foreign);
  assert.deepEqual(recovery.installed, installed);
}
