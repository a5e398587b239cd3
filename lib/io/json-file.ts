/** JSON files behind a schema: how they are read, what becomes of damaged ones, and how they are written in folders of another user. */
import fs from 'node:fs';
import { basename, dirname } from 'node:path';
import type * as z from 'zod';
import { UpdateError, errnoOf } from '../core/errors.ts';
import { parseDocument } from '../core/json.ts';
import type { Ownership } from '../transaction/durable.ts';
import { mkdirDurable, writeAtomic, writeDurable } from '../transaction/durable.ts';
import { keepAside, readPlain } from '../transaction/plain-file.ts';
import { inRealDirectory } from './real-directory.ts';

export const MAX_BYTES = 4 * 1024 * 1024;
export const WORLD_READABLE = 0o644;

/** Reads one file behind its schema: null when it is not there; throws STATE_INVALID when it is damaged. */
export function readJsonFile<T>(path: string, schema: z.ZodType<T>, what: string, maxBytes = MAX_BYTES): T | null {
  const read = readPlain(path, { maxBytes });
  if (read.is === 'absent') return null;
  if (read.is === 'odd') throw new UpdateError('STATE_INVALID', `${what} ${read.why}`);
  return parseDocument(read.bytes, schema, { what, maxBytes, code: 'STATE_INVALID' });
}

export type Report = (message: string) => void;

/** As readJsonFile, but a damaged file is renamed to `<path>.damaged`, reported, and then counts as not there. */
export function readOrSetAside<T>(path: string, schema: z.ZodType<T>, what: string, report: Report, maxBytes = MAX_BYTES): T | null {
  try {
    return readJsonFile(path, schema, what, maxBytes);
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error;
    setAside(path, error.message, report);
    return null;
  }
}

/** Renames what is damaged to `<path>.damaged`, and says so. */
export function setAside(path: string, what: string, report: Report): void {
  try {
    report(`${what}; it is kept as '${keepAside(path)}' and begun anew, ignoring`);
  } catch (error) {
    // A reader without rights over the folder leaves it to the next step that has them; another may have been faster.
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
    report(`${what}; it counts as not there, ignoring`);
  }
}

/**
 * Writes into a folder of the user `pikit-update`, whoever runs this: what root writes there belongs to the folder's owner,
 * so that the network steps can write it again. Throws DEST_TYPE for a folder that is a link: it would choose what root writes.
 */
export function writeOwned(path: string, value: unknown, mode: number): void {
  mkdirDurable(dirname(path), 0o755);
  inRealDirectory(dirname(path), (at, owner) => {
    writeDurable(`${at}/${basename(path)}`, `${JSON.stringify(value, null, 2)}\n`, { mode, owner: ifRoot(owner) });
  });
}

/** As writeOwned, in /run, many times a second: atomic for readers, but not made durable. */
export function writeLossy(path: string, value: unknown): void {
  fs.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  inRealDirectory(dirname(path), (at, owner) => {
    writeAtomic(`${at}/${basename(path)}`, `${JSON.stringify(value)}\n`, { mode: WORLD_READABLE, owner: ifRoot(owner) });
  });
}

function ifRoot(owner: Ownership): Ownership | null {
  return process.getuid?.() === 0 ? owner : null;
}
