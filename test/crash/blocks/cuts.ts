/**
 * What a power cut may leave on a disk that was being written to. A flush makes all writes before it durable; of those after
 * the last flush any may be there. Three kinds of cuts are made of that: the writes up to one of them, in their order; all
 * writes up to the next flush but for one; and some of the blocks of these writes, by the throw of a die.
 */
import { createHash } from 'node:crypto';
import { BLOCK_BYTES } from '../disk/ext4.ts';
import type { Write } from '../disk/image.ts';
import type { Entry } from './log.ts';

export interface Cut {
  name: string;
  /** All writes before this entry of the log are durable. */
  durable: number;
  /** What is there of those after it. */
  kept: readonly Write[];
  /** How many entries had been made when the power went. */
  at: number;
}

/** A block of a write: ext4 needs each of them to be written whole or not at all. */
interface Block extends Write {
  /** The write, as an entry of the log. */
  entry: number;
}

/** The entries from the one after a flush up to the next one. */
interface Epoch {
  first: number;
  /** The flush, or the end of the log. */
  end: number;
  blocks: readonly Block[];
}

function epochsOf(log: readonly Entry[]): Epoch[] {
  const flushes = log.flatMap((entry, index) => (entry.is === 'flush' ? [index] : []));
  return [...flushes, log.length].map((end, index) => {
    const first = index === 0 ? 0 : (flushes[index - 1] ?? 0) + 1;
    return { first, end, blocks: log.slice(first, end).flatMap((entry, n) => (entry.is === 'write' ? blocksOf(entry, first + n) : [])) };
  });
}

function blocksOf({ at, bytes }: Write, entry: number): Block[] {
  return Array.from({ length: Math.ceil(bytes.length / BLOCK_BYTES) }, (_, n) => {
    return { entry, at: at + n * BLOCK_BYTES, bytes: bytes.subarray(n * BLOCK_BYTES, (n + 1) * BLOCK_BYTES) };
  });
}

/** Every cut, no two of the same writes; in every epoch the die is thrown so often. */
export function cutsOf(log: readonly Entry[], throws: number): Cut[] {
  const cuts: Cut[] = [{ name: 'before any write', durable: 0, kept: [], at: 0 }];
  for (const { first, end, blocks } of epochsOf(log)) {
    // None of them is the last cut of the epoch before.
    const known = new Set(['']);
    const cut = (name: string, at: number, isKept: (block: Block, index: number) => boolean): void => {
      const kept = blocks.filter(isKept);
      const key = kept.map((block) => blocks.indexOf(block)).join();
      if (!known.has(key)) cuts.push({ name, durable: first, kept, at });
      known.add(key);
    };
    const writes = [...new Set(blocks.map(({ entry }) => entry))];
    for (const last of writes) cut(`after write ${String(last)}`, last + 1, ({ entry }) => entry <= last);
    for (const lost of writes) cut(`at flush ${String(end)}, without write ${String(lost)}`, end, ({ entry }) => entry !== lost);
    for (let n = 1; n <= throws; n += 1) {
      const name = `at flush ${String(end)}, with some blocks, throw ${String(n)}`;
      const die = createHash('sha256').update(name).digest();
      cut(name, end, (_, index) => (die.readUInt8((index >> 3) % die.length) >> (index & 7)) % 2 === 1);
    }
  }
  return cuts;
}
