/** Programs of a release that would be run in place of a command of the system, as the shell of root looks for commands. */
import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { COMMAND_DIRS } from '../../core/device/closed-places.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { onDisk } from '../transaction-paths.ts';
import type { Operation, Shadow } from '../types.ts';

/** `ours` are the files that an earlier release brought: those were told of then. Changes nothing. */
export function shadowedCommands(place: TransactionPaths, ops: readonly Operation[], ours: ReadonlySet<string>): Shadow[] {
  const programs = ops.flatMap((op) => (op.new === null ? [] : op.new.type === 'file' ? [op.new.file] : op.new.files));
  return programs
    .filter(({ path, mode }) => (mode & 0o111) !== 0 && !ours.has(path))
    .flatMap(({ path }) => {
      const command = shadowed(place, path);
      return command === null ? [] : [{ path, command }];
    });
}

/** The first command of this name in the directories that come later. */
function shadowed(place: TransactionPaths, path: string): string | null {
  const at = COMMAND_DIRS.findIndex((dir) => dir === dirname(path));
  if (at < 0) return null;
  const here = realOrNull(onDisk(place, dirname(path)));
  const later = COMMAND_DIRS.slice(at + 1).filter((dir) => realOrNull(onDisk(place, dir)) !== here);
  return later.map((dir) => join(dir, basename(path))).find((command) => isThere(onDisk(place, command))) ?? null;
}

/** /bin may be /usr/bin by another name. */
function realOrNull(dir: string): string | null {
  try {
    return fs.realpathSync(dir);
  } catch {
    return null; // not there, or closed: then nothing is found in it either
  }
}

/** A link counts, wherever it leads: Debian's alternatives are links, and lead out of a test folder. */
function isThere(path: string): boolean {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
  } catch {
    return false; // closed to this user: root looks for itself
  }
}
