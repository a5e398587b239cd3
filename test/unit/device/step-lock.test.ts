import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { whileNoStepRuns } from '../../../lib/device/step-lock.ts';
import { takeLock } from '../../../lib/io/state/lock.ts';
import { cliDevice } from '../../helpers/cli-device.ts';

const isTaken = (path: string): boolean => spawnSync('flock', ['-n', path, 'true']).status === 1;
const held = async (path: string) => await takeLock(path, { waitMs: 0, signal: new AbortController().signal, onWait: () => undefined });

describe('in a folder', () => {
  it('has the lock of all steps for as long as it takes, and lets go of it whatever comes of it', async () => {
    const { deps } = cliDevice();
    const { lock } = deps.paths;
    expect(
      await whileNoStepRuns(
        deps,
        () => undefined,
        () => isTaken(lock),
      ),
    ).toBe(true);
    const failing = whileNoStepRuns(
      deps,
      () => undefined,
      () => {
        throw new Error('no');
      },
    );
    await expect(failing).rejects.toThrow('no');
    expect(isTaken(lock)).toBe(false);
  });

  it('waits for a step, and says so', async () => {
    const { deps } = cliDevice();
    const release = await held(deps.paths.lock);
    const said: string[] = [];
    const tell = (text: string): void => {
      said.push(text);
      release();
    };
    expect(await whileNoStepRuns(deps, tell, () => 'done')).toBe('done');
    expect(said).toEqual(['another step is running: waiting for it, at most 30 s']);
  });
});

describe('on a device', () => {
  /** A device whose root is `/` to the rules, with its files in a folder. */
  function onDevice() {
    const device = cliDevice();
    return { ...device, deps: { ...device.deps, paths: { ...device.deps.paths, root: '/' } } };
  }

  it('takes the lock of root, and that of all steps', async () => {
    const { deps } = onDevice();
    const { lock, rootLock } = deps.paths;
    expect(
      await whileNoStepRuns(
        deps,
        () => undefined,
        () => [isTaken(rootLock), isTaken(lock)],
      ),
    ).toEqual([true, true]);
    expect([isTaken(rootLock), isTaken(lock)]).toEqual([false, false]);
  });

  it('goes on without that of all steps where a process has it that is no step', async () => {
    const { deps } = onDevice();
    const release = await held(deps.paths.lock);
    expect(
      await whileNoStepRuns(
        deps,
        () => undefined,
        () => isTaken(deps.paths.rootLock),
      ),
    ).toBe(true);
    release();
  });

  it('waits for a check that is at work', async () => {
    const { deps, looks } = onDevice();
    looks.set('pikit-update-check.service', { active: true });
    const release = await held(deps.paths.lock);
    const said: string[] = [];
    await whileNoStepRuns(
      deps,
      (text) => {
        said.push(text);
        release();
      },
      () => undefined,
    );
    expect(said).toHaveLength(1);
  });

  it('changes nothing while a step of root is at work', async () => {
    const { deps, interrupt, root } = onDevice();
    const release = await held(join(root, 'run/pikit-update/orders/lock'));
    const acted: string[] = [];
    const waiting = whileNoStepRuns(deps, interrupt, () => acted.push('acted'));
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(acted).toEqual([]);
    release();
  });
});
