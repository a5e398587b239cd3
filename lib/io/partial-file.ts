/** The bytes of an unfinished download, `<file>.partial`, and beside them in `<file>.partial.json` what they are a part of. */
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { errnoOf } from '../core/errors.ts';
import type { PartialFacts } from '../core/resume.ts';
import { unlinkIfThere } from '../transaction/durable.ts';

/** How many bytes are at hand. */
export function partialSize(partial: string): number {
  return fs.statSync(partial, { throwIfNoEntry: false })?.size ?? 0;
}

/** What the bytes at hand are a part of, if it is what is wanted now; otherwise null. */
export function readFacts(partial: string, wanted: Pick<PartialFacts, 'url' | 'sha256'>): PartialFacts | null {
  try {
    const value: unknown = JSON.parse(fs.readFileSync(`${partial}.json`, 'utf8'));
    if (typeof value !== 'object' || value === null || !('url' in value) || !('validator' in value) || !('sha256' in value)) return null;
    const { validator } = value;
    if (value.url !== wanted.url || value.sha256 !== wanted.sha256 || !(validator === null || typeof validator === 'string')) return null;
    return { ...wanted, validator };
  } catch (error) {
    // Safe to ignore: without its facts a partial file is not resumed but begun anew.
    if (error instanceof SyntaxError || errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Opens the file to go on at `at`. From the start, old bytes are gone before new facts are there, never the other way round. */
export function openPartial(partial: string, at: number, facts: PartialFacts): number {
  if (at > 0) return fs.openSync(partial, 'r+');
  dropPartial(partial);
  const fd = fs.openSync(partial, 'wx', 0o644);
  fs.writeFileSync(`${partial}.json`, JSON.stringify(facts));
  return fd;
}

/** Writes all of `chunk`: on a disk that fills up, one write(2) may take only a part of it, without an error. */
export function writeAll(fd: number, chunk: Uint8Array, position: number): void {
  for (let done = 0; done < chunk.length;) done += fs.writeSync(fd, chunk, done, chunk.length - done, position + done);
}

/** The hash of the first bytes, ready for those that follow. */
export async function hashOfPrefix(partial: string, bytes: number): Promise<Hash> {
  const hash = createHash('sha256');
  if (bytes === 0) return hash;
  for await (const chunk of fs.createReadStream(partial, { end: bytes - 1 })) if (Buffer.isBuffer(chunk)) hash.update(chunk);
  return hash;
}

/** Verified bytes lose the suffix. */
export function keepPartial(partial: string, file: string): void {
  fs.renameSync(partial, file);
  unlinkIfThere(`${partial}.json`);
}

export function dropPartial(partial: string): void {
  unlinkIfThere(partial);
  unlinkIfThere(`${partial}.json`);
}
