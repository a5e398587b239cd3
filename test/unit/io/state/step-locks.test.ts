import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { LockOptions } from '../../../../lib/io/state/lock.ts';
import { takeLock } from '../../../../lib/io/state/lock.ts';
import { takeRootLocks } from '../../../../lib/io/state/step-locks.ts';
import { temporary } from '../../../helpers/device.ts';

interface Bed {
  own: string;
  shared: string;
  said: string[];
  /** As a step of root; resolves to what was warned of. */
  take: (waitMs: number, isNetworkAtWork: () => boolean) => Promise<string[]>;
}

function bed(): Bed {
  const dir = temporary();
  const [own, shared, said]: [string, string, string[]] = [join(dir, 'run/orders/lock'), join(dir, 'run/lock'), []];
  const options = (waitMs: number): LockOptions => ({ waitMs, signal: new AbortController().signal, onWait: () => said.push('waiting') });
  return {
    own,
    shared,
    said,
    take: async (waitMs, isNetworkAtWork) => {
      const warned: string[] = [];
      await takeRootLocks({ own, shared, isNetworkAtWork, warn: (text) => warned.push(text), sliceMs: 100 }, options(waitMs));
      return warned;
    },
  };
}

/** Another open file, as another process has one. */
async function held(path: string): Promise<() => void> {
  const release = await takeLock(path, { waitMs: 0, signal: new AbortController().signal, onWait: () => undefined });
  onTestFinished(release);
  return release;
}

const isTaken = (path: string): boolean => spawnSync('flock', ['-n', path, 'true']).status === 1;

it('takes both, and says nothing', async () => {
  const { own, shared, said, take } = bed();
  expect(await take(0, () => true)).toEqual([]);
  expect([isTaken(own), isTaken(shared), said]).toEqual([true, true, []]);
});

it('waits for a network step that is at work, and takes the lock when that ends', async () => {
  const { shared, said, take } = bed();
  const release = await held(shared);
  let asked = 0;
  const taking = take(60_000, () => {
    asked += 1;
    if (asked === 2) release();
    return true;
  });
  expect(await taking).toEqual([]);
  expect([asked, said, isTaken(shared)]).toEqual([2, ['waiting'], true]);
});

it('waits no longer than it may for a network step that is at work', async () => {
  const { shared, take } = bed();
  await held(shared);
  await expect(take(300, () => true)).rejects.toMatchObject({ code: 'BUSY' });
});

it('goes on with a warning when something else has the lock of all steps, with its own', async () => {
  const { own, shared, take } = bed();
  await held(shared);
  const [warned, ...more] = await take(60_000, () => false);
  expect(warned).toBe(`'${shared}' is locked by a process that is neither check nor fetch; continuing without this lock`);
  expect([more, isTaken(own)]).toEqual([[], true]);
});

it('never goes on beside another step of root, whichever process has the lock of all steps', async () => {
  const { own, shared, take } = bed();
  await held(shared);
  await held(own);
  await expect(take(300, () => false)).rejects.toMatchObject({ code: 'BUSY' });
  expect(fs.statSync(own).mode & 0o007).toBe(0);
});
