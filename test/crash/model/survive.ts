/**
 * What a power cut may leave (after ALICE, OSDI 2014), on a file system that keeps no promise but POSIX's:
 *
 *  - an effect on an inode (bytes, rights) is durable from the next fsync of that inode on;
 *  - an entry of a directory (a name made, removed, moved) is durable from the next fsync of that directory on;
 *  - a barrier (syncfs) is an fsync of every inode; while it is under way, any part of what it makes durable is;
 *  - until then each may have reached the disk or not, whatever became of the others, and of bytes any part;
 *  - a move within a directory happens whole or not at all.
 *
 * After each call, the effects that are not durable yet are kept: all, none, all but one, only one, the first ones, the last
 * ones, entries without bytes (none of them, half of them, zeros), bytes without entries; every subset of a few, and some
 * subsets of many. Where many wait for a barrier, the default run singles out some of them after each call, others after the next.
 */
import type { Disk, Effect, Node, Op } from './disk.ts';
import { effect } from './disk.ts';
import { EXHAUSTIVE } from '../plan.ts';

/** What becomes of one effect that is not durable yet. */
type Fate = 'kept' | 'lost' | 'half' | 'zeros';

/** A device as a power cut may leave it, and after how many operations. */
export interface Survivor {
  after: number;
  disk: Disk;
}

const EVERY_SUBSET_OF = 4;
const SUBSETS_OF_MANY = 6;
/** Of those that wait for a barrier, after each call. */
const SINGLED = 16;

/** Cuts after `offset` operations, and after every `stride` more. */
interface Cuts {
  stride: number;
  offset: number;
}

/** Every survivor of these cuts. Many of them are the same. */
export function* survivors(before: Disk, ops: readonly Op[], { stride, offset }: Cuts): Generator<Survivor> {
  const durable = new Map(before);
  let pending: Effect[] = [];
  for (let after = 0; after <= ops.length; after += 1) {
    if (after % stride === offset) {
      for (const fates of fatesOf(pending, after)) yield { after, disk: outcome(durable, pending, fates) };
    }
    const op = ops[after];
    if (op === undefined) return;
    if (op.is === 'birth') {
      effect(durable, op);
    } else if (op.is === 'sync') {
      for (const one of pending) if (inodeOf(one) === op.ino) effect(durable, one);
      pending = pending.filter((one) => inodeOf(one) !== op.ino);
    } else if (op.is === 'barrier') {
      for (const one of pending) effect(durable, one);
      pending = [];
    } else {
      pending.push(op);
    }
  }
}

/** Whose fsync makes it durable. */
function inodeOf(op: Effect): number {
  return op.is === 'write' || op.is === 'attributes' ? op.ino : op.dir;
}

function outcome(durable: Disk, pending: readonly Effect[], fates: readonly Fate[]): Disk {
  const disk = new Map<number, Node>(durable);
  for (const [index, op] of pending.entries()) {
    const fate = fates[index] ?? 'lost';
    if (fate === 'lost') continue;
    if (op.is !== 'write' || fate === 'kept') effect(disk, op);
    else effect(disk, { ...op, bytes: fate === 'zeros' ? Buffer.alloc(op.bytes.length) : op.bytes.subarray(0, op.bytes.length >> 1) });
  }
  return disk;
}

function* fatesOf(pending: readonly Effect[], seed: number): Generator<Fate[]> {
  const isData = (op: Effect): boolean => op.is === 'write' || op.is === 'attributes';
  const pick = (isKept: (index: number, op: Effect) => boolean): Fate[] => pending.map((op, index) => (isKept(index, op) ? 'kept' : 'lost'));
  yield pick(() => true);
  if (pending.length === 0) return;
  yield pick(() => false);
  if (pending.length <= EVERY_SUBSET_OF) {
    for (let set = 1; set < 2 ** pending.length - 1; set += 1) yield pick((index) => (set & (1 << index)) !== 0);
  } else {
    for (const one of singled(pending, seed)) {
      yield pick((index) => index !== one);
      yield pick((index) => index === one);
      yield pick((index) => index < one);
      yield pick((index) => index > one);
    }
    for (let set = 0; set < SUBSETS_OF_MANY; set += 1) yield pick((index) => isHeads(seed, set, index));
  }
  if (!pending.some(isData)) return;
  yield pick((_, op) => isData(op));
  for (const fate of ['lost', 'half', 'zeros'] as const) yield pending.map((op) => (isData(op) ? fate : 'kept'));
  for (const one of singled(pending.filter(isData), seed)) {
    const lone = pending.filter(isData)[one];
    for (const fate of ['half', 'zeros'] as const) yield pending.map((op) => (op === lone ? fate : 'kept'));
  }
}

/** Which of them are treated apart from the others: all of a few, some of many before a barrier, and others after the next call. */
function* singled(of: readonly Effect[], seed: number): Generator<number> {
  const step = EXHAUSTIVE ? 1 : Math.ceil(of.length / SINGLED);
  for (let one = seed % step; one < of.length; one += step) yield one;
}

/** The same coin in every run. */
function isHeads(...numbers: number[]): boolean {
  const h = numbers.reduce((hash, number) => Math.imul(hash ^ (number + 0x9e3779b9), 0x85ebca6b) ^ (hash >>> 13), 0x2545f491);
  return ((h ^ (h >>> 15)) & 1) === 1;
}
