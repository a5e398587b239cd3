/**
 * The log of a disk, in the format of Linux's dm-log-writes, which qemu's blklogwrites writes as well. Numbers are
 * little-endian; a sector has as many bytes as the log says.
 *
 *   sector 0      u64 magic, u64 version (1), u64 number of entries, u32 bytes of a sector
 *   every entry   a sector that begins with u64 first sector, u64 number of sectors, u64 flags, u64 bytes of a mark;
 *                 then the data, so many sectors of it (a discard has none)
 *   flags         1 flush, 2 write through (FUA), 4 discard, 8 mark
 *
 * qemu logs a request when it is done, and the kernel sends a flush when the writes that it is for are done: what is before a
 * flush in the log is durable after it. Writing through is nothing that a loop device can, so the kernel flushes instead.
 */
import assert from 'node:assert/strict';
import type { Write } from '../disk/image.ts';

export type Entry = ({ is: 'write' } & Write) | { is: 'flush' };

const MAGIC = 0x6a736677736872n;
const FLUSH = 1;
const DISCARD = 4;

function u64(log: Buffer, at: number): number {
  const value = log.readBigUInt64LE(at);
  assert.ok(value <= BigInt(Number.MAX_SAFE_INTEGER), 'the log has a number that cannot be');
  return Number(value);
}

/** How many entries a log says that it has. */
export function entriesIn(log: Buffer): number {
  assert.equal(log.readBigUInt64LE(0), MAGIC, 'this is no log of a disk');
  assert.equal(u64(log, 8), 1, 'version of the log');
  return u64(log, 16);
}

/** Every entry, in order. Throws for one that this harness does not know. */
export function readLog(log: Buffer): Entry[] {
  const entries: Entry[] = [];
  const count = entriesIn(log);
  const sector = log.readUInt32LE(24);
  let next = sector;
  while (entries.length < count) {
    const [at, length, flags] = [u64(log, next) * sector, u64(log, next + 8) * sector, u64(log, next + 16)];
    const data = next + sector;
    next = flags === DISCARD ? data : data + length;
    assert.ok(next <= log.length, 'the log is cut off');
    if (flags === FLUSH) assert.equal(length, 0, 'a flush with data');
    else assert.ok(flags === 0 || flags === DISCARD, `an entry with flags ${String(flags)}`);
    // A file that something is discarded from has zeros there.
    if (flags === FLUSH) entries.push({ is: 'flush' });
    else entries.push({ is: 'write', at, bytes: flags === DISCARD ? Buffer.alloc(length) : log.subarray(data, next) });
  }
  return entries;
}
