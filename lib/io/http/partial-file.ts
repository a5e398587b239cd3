/** The bytes of an unfinished download, `<file>.partial`, and beside them in `<file>.partial.json` what they are a part of. */
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { basename, dirname } from 'node:path';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import type { PartialFacts } from '../../core/network/resume.ts';
import { lstatOrNull } from '../../transaction/files/durable.ts';
import { plainBytes } from '../../transaction/files/plain-file.ts';
import { sweep } from '../../transaction/files/sweep.ts';

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const FACTS_MAX_BYTES = 64 * 1024;

/** What goes back to the server in a header: a line break in it would be another header. */
const HEADER_TEXT = /^[\t\x20-\x7e\x80-\xff]{0,4096}$/;

/** How many bytes are at hand. What is no file of our own (a link, a directory, a pipe) is none. */
export function partialSize(partial: string): number {
  const stat = lstatOrNull(partial);
  return stat !== null && isOurs(stat) ? stat.size : 0;
}

/** What the bytes at hand are a part of, if it is what is wanted now; otherwise, and when that is damaged, null. */
export function readFacts(partial: string, wanted: Pick<PartialFacts, 'url' | 'sha256'>): PartialFacts | null {
  const bytes = plainBytes(`${partial}.json`, FACTS_MAX_BYTES);
  if (bytes === null) return null;
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value !== 'object' || value === null || !('url' in value) || !('validator' in value) || !('sha256' in value)) return null;
    const { validator } = value;
    if (value.url !== wanted.url || value.sha256 !== wanted.sha256) return null;
    return validator === null || (typeof validator === 'string' && HEADER_TEXT.test(validator)) ? { ...wanted, validator } : null;
  } catch (error) {
    // Safe to ignore: without its facts a partial file is not resumed, the download starts again.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * Opens the file to go on at `at`, never through a link. From the start, old bytes are gone before new facts are there, never the
 * other way round. Throws STAGED_INVALID when the bytes before `at` are not there any more.
 */
export function openPartial(partial: string, at: number, facts: PartialFacts): number {
  if (at > 0) return openOurs(partial, O_RDWR, at);
  dropPartial(partial);
  const fd = fs.openSync(partial, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  fs.writeFileSync(`${partial}.json`, JSON.stringify(facts), { flag: 'wx' });
  return fd;
}

/** A user who may write in the folder may exchange the file at any time: check what was opened, not what has its name. */
function openOurs(partial: string, flags: number, bytes: number): number {
  const damaged = (cause?: unknown): UpdateError =>
    new UpdateError('STAGED_INVALID', `'${partial}' was replaced during the download`, { hint: 'run it again to download the release again', cause });
  let fd: number;
  try {
    fd = fs.openSync(partial, flags | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (['ELOOP', 'EISDIR', 'ENXIO', 'ENOENT'].includes(errnoOf(error) ?? '')) throw damaged(error);
    throw error;
  }
  const stat = fs.fstatSync(fd);
  if (isOurs(stat) && stat.size >= bytes) return fd;
  fs.closeSync(fd);
  throw damaged();
}

/** Of a file with a second name, root would write to that as well. */
function isOurs(stat: fs.Stats): boolean {
  return stat.isFile() && stat.nlink === 1;
}

/** Writes all of `chunk`: on a disk that fills up, one write(2) may take only a part of it, without an error. */
export function writeAll(fd: number, chunk: Uint8Array, position: number): void {
  for (let done = 0; done < chunk.length;) done += fs.writeSync(fd, chunk, done, chunk.length - done, position + done);
}

/** The hash of the first bytes, ready for those that follow. */
export async function hashOfPrefix(partial: string, bytes: number): Promise<Hash> {
  const hash = createHash('sha256');
  if (bytes === 0) return hash;
  const fd = openOurs(partial, O_RDONLY, bytes);
  for await (const chunk of fs.createReadStream(partial, { fd, start: 0, end: bytes - 1 })) if (Buffer.isBuffer(chunk)) hash.update(chunk);
  return hash;
}

/** Verified bytes lose the suffix. */
export function keepPartial(partial: string, file: string): void {
  fs.renameSync(partial, file);
  sweep(dirname(partial), [`${basename(partial)}.json`], 'refuse');
}

/** Removes both, whatever was put in their places. */
export function dropPartial(partial: string): void {
  if (lstatOrNull(dirname(partial)) === null) return;
  sweep(dirname(partial), [basename(partial), `${basename(partial)}.json`], 'refuse');
}
