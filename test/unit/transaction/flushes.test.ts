/** How many flushes a change takes: as many for some hundred files as for some dozens. Each costs a card some 16 KiB and some 10 ms. */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { applyRelease, placeIn, rollBack } from '../../helpers/change.ts';
import { useTempDir } from '../../helpers/temp.ts';

const dir = useTempDir();

function counted(act: () => unknown): { fsyncs: number; barriers: number } {
  const [one, all] = [vi.spyOn(fs, 'fsyncSync'), vi.spyOn(childProcess, 'spawnSync')];
  try {
    expect(act()).toBeNull();
    return { fsyncs: one.mock.calls.length, barriers: all.mock.calls.length };
  } finally {
    one.mockRestore();
    all.mockRestore();
  }
}

/** Names with hashes, as bundlers make them, in some folders: each file of the one release goes, and each of the other comes. */
function hashed(version: string, count: number): { version: string; files: Record<string, string> } {
  const files: Record<string, string> = { '/var/www/pikit-web/index.html': version };
  for (let n = 0; n < count; n += 1) files[`/var/www/pikit-web/${String(n % 40)}/app-${version}-${String(n)}.js`] = `${version} ${String(n)}`;
  return { version, files };
}

function change(count: number): Record<'first' | 'update' | 'undo' | 'rollback', { fsyncs: number; barriers: number }> {
  const place = placeIn(`${dir()}/${String(count)}`);
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  return {
    first: counted(() => applyRelease(place, hashed('1.0.0', count))),
    update: counted(() => applyRelease(place, hashed('1.1.0', count))),
    undo: counted(() => {
      expect(() => applyRelease(place, hashed('1.2.0', count), false)).toThrow('it does not answer');
      return null;
    }),
    rollback: counted(() => rollBack(place)),
  };
}

it('is the same number for any number of files', () => {
  const few = change(60);
  const many = change(400);
  expect(many).toEqual(few);
  for (const { fsyncs, barriers } of Object.values(many)) {
    expect(fsyncs).toBeLessThan(40);
    expect(barriers).toBeGreaterThan(0);
    expect(barriers).toBeLessThan(8);
  }
});
