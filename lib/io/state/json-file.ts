/** JSON files behind a schema: how they are read, what becomes of damaged ones, and how they are written in folders of another user. */
import fs from 'node:fs';
import { basename, dirname } from 'node:path';
import type * as z from 'zod';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import { parseDocument } from '../../core/json.ts';
import type { Ownership } from '../../transaction/files/durable.ts';
import { lstatOrNull, unlinkIfThere, writeAtomic, writeDurable } from '../../transaction/files/durable.ts';
import type { PlainRead } from '../../transaction/files/plain-file.ts';
import { keepAside, readPlain } from '../../transaction/files/plain-file.ts';
import { ensureFolder, inRealDirectory, realNames } from './real-directory.ts';

export const MAX_BYTES = 4 * 1024 * 1024;
export const WORLD_READABLE = 0o644;

/** Reads one file behind its schema: null when it is not there; throws STATE_INVALID when it is damaged. */
export function readJsonFile<T>(path: string, schema: z.ZodType<T>, what: string, maxBytes = MAX_BYTES): T | null {
  return parseRead(readPlain(path, { maxBytes }), schema, what, maxBytes);
}

function parseRead<T>(read: PlainRead, schema: z.ZodType<T>, what: string, maxBytes: number): T | null {
  if (read.is === 'absent') return null;
  if (read.is === 'odd') throw new UpdateError('STATE_INVALID', `${what} ${read.why}`);
  return parseDocument(read.bytes, schema, { what, maxBytes, code: 'STATE_INVALID' });
}

export type ReportWarning = (message: string) => void;

/**
 * As readOrSetAside, of a file that root alone writes, in a folder where others may put files: one that does not belong to root
 * or to the owner of the folder counts as damaged. Opened once: whose it is and what is in it are of the same file.
 */
export function readRootsOrSetAside<T>(path: string, schema: z.ZodType<T>, what: string, report: ReportWarning, maxBytes = MAX_BYTES): T | null {
  return orSetAside(path, report, () => {
    const read = readPlain(path, { maxBytes });
    if (read.is === 'there' && isForeign(path, read.uid)) {
      throw new UpdateError('STATE_INVALID', `${what} belongs to the user ${String(read.uid)}, who may not write it`);
    }
    return parseRead(read, schema, what, maxBytes);
  });
}

/** Whether a file with this owner is neither root's nor of the owner of its folder. */
export function isForeign(path: string, uid: number): boolean {
  return uid !== 0 && uid !== fs.statSync(dirname(path)).uid;
}

/** As readJsonFile, but a damaged file is renamed to `<path>.damaged`, reported, and then counts as not there. */
export function readOrSetAside<T>(path: string, schema: z.ZodType<T>, what: string, report: ReportWarning, maxBytes = MAX_BYTES): T | null {
  return orSetAside(path, report, () => readJsonFile(path, schema, what, maxBytes));
}

function orSetAside<T>(path: string, report: ReportWarning, read: () => T | null): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error;
    setFileAside(path, error.message, report);
    return null;
  }
}

/** What a rename answers of a file that may not be moved, or that has become something else meanwhile. */
const LEFT_ALONE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY', 'EEXIST', 'ELOOP']);

/** Renames what is damaged to `<path>.damaged`, and says so. */
export function setFileAside(path: string, what: string, report: ReportWarning): void {
  try {
    report(realNames(`${what}; moved it to '${keepAside(path)}' and started a new one`));
  } catch (error) {
    // A reader without rights over the folder leaves it to the next step that has them; another may have been faster, or exchanges it.
    if (!LEFT_ALONE.has(errnoOf(error) ?? '')) throw error;
    report(realNames(`${what}; treating it as missing`));
  }
}

export interface Shared {
  /** The owner of the file if root writes it; null if it stays with the writing user. */
  owner: Ownership | null;
  report: ReportWarning;
}

/**
 * Writes into a folder that another user may write to as well: a directory in the place of the file is kept aside and reported,
 * anything else there is replaced, nothing is followed. Throws DEST_TYPE for a folder that is a link: it would choose where root
 * writes; PERMISSION for what belongs to another user and is in the way; IO_ERROR or PERMISSION where the folder is missing and cannot be made.
 */
export function writeOwned(path: string, value: unknown, mode: number, { owner, report }: Shared): void {
  ensureFolder(dirname(path));
  inRealDirectory(dirname(path), (at) => {
    const file = `${at}/${basename(path)}`;
    clearWay(file, report);
    try {
      writeDurable(file, `${JSON.stringify(value, null, 2)}\n`, { mode, owner: ifRoot(owner) });
    } catch (error) {
      throw inTheWay(error, file);
    }
  });
}

/** What this user can neither replace nor remove, root can. */
function inTheWay(error: unknown, file: string): unknown {
  const stat = lstatOrNull(file);
  if (!['EPERM', 'EACCES', 'EISDIR'].includes(errnoOf(error) ?? '') || stat === null || stat.uid === process.geteuid?.()) return error;
  const path = realNames(file);
  return new UpdateError('PERMISSION', `'${path}' belongs to the user ${String(stat.uid)}, and cannot be replaced`, {
    hint: `\`sudo rm -r ${path}\` removes it; the updater creates a new one`,
    cause: error,
  });
}

/** As writeOwned, in /run, many times a second: atomic for readers, but not made durable. */
export function writeLossy(path: string, value: unknown, { owner, report }: Shared): void {
  fs.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  inRealDirectory(dirname(path), (at) => {
    const file = `${at}/${basename(path)}`;
    clearWay(file, report);
    writeAtomic(file, `${JSON.stringify(value)}\n`, { mode: WORLD_READABLE, owner: ifRoot(owner) });
  });
}

/** Removes a file of such a folder, or keeps aside what is a directory in its place; says whether anything was there. */
export function removeOwned(path: string, report: ReportWarning): boolean {
  if (lstatOrNull(dirname(path)) === null) return false;
  return inRealDirectory(dirname(path), (at) => {
    const file = `${at}/${basename(path)}`;
    try {
      return clearWay(file, report) || unlinkIfThere(file);
    } catch (error) {
      throw inTheWay(error, file);
    }
  });
}

/** A directory at the name of a file, or of its temp file: no rename and no unlink gets past it. */
function clearWay(file: string, report: ReportWarning): boolean {
  const isInTheWay = (path: string): boolean => lstatOrNull(path)?.isDirectory() === true;
  const [atFile, atTemp] = [isInTheWay(file), isInTheWay(`${file}.tmp`)];
  if (atFile) setFileAside(file, `'${file}' is a directory where a file belongs`, report);
  if (atTemp) setFileAside(`${file}.tmp`, `'${file}.tmp' is a directory where a file belongs`, report);
  return atFile;
}

function ifRoot(owner: Ownership | null): Ownership | null {
  return process.geteuid?.() === 0 ? owner : null;
}
