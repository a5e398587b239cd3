/** Directories that are there after a power cut too. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import type { Sync } from './durable.ts';
import { AT_ONCE, lstatOrNull } from './durable.ts';

/**
 * Creates a directory with this mode, and its missing parents with 0755, below an existing one; each entry is durable, as `sync` has it.
 * Returns the directories made, outermost first: one that another process makes at the same time is not among them.
 */
export function mkdirDurable(path: string, mode: number, sync: Sync = AT_ONCE): string[] {
  if (lstatOrNull(path) !== null) return [];
  const made = mkdirDurable(dirname(path), 0o755, sync);
  let isOurs = true;
  try {
    // Not `recursive: true`: that says ENOENT where the reason is another one, such as EROFS.
    fs.mkdirSync(path, { mode });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    isOurs = false;
  }
  sync.dir(dirname(path));
  return isOurs ? [...made, path] : made;
}
