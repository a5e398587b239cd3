/** What the owner changes while no step is at work: the locks of the steps, held by a command. */
import { UpdateError } from '../core/errors.ts';
import { takeLock } from '../io/state/lock.ts';
import type { ReaderDeps } from './deps.ts';
import { runningSteps } from './running.ts';

const WAIT_MS = 30_000;

/**
 * Does it while no step of root runs, and no network step that the locks keep away: root's own lock first, as its steps take them. The
 * lock of all steps can be held by any process of the user of the network steps, so it is waited for only while one of those steps runs.
 * Throws BUSY when a step runs for longer than half a minute, CANCELLED by the signal, PERMISSION; nothing was done then.
 */
export async function whileNoStepRuns<T>(deps: ReaderDeps, tell: (text: string) => void, act: () => T): Promise<T> {
  const { paths, signal } = deps;
  const take = async (path: string, waitMs: number): Promise<() => void> =>
    await takeLock(path, {
      waitMs,
      signal,
      onWait: () => {
        tell(`another step is running: waiting for it, at most ${String(WAIT_MS / 1000)} s`);
      },
    });
  // In a folder there is one user, and one lock.
  if (paths.root !== '/') return released(await take(paths.lock, WAIT_MS), act);
  const release = await take(paths.rootLock, WAIT_MS);
  try {
    const isRunning = await isNetworkRunning(deps);
    const shared = await take(paths.lock, isRunning ? WAIT_MS : 0).catch((error: unknown) => {
      if (isRunning || !(error instanceof UpdateError) || error.code !== 'BUSY') throw error;
      return () => undefined;
    });
    return released(shared, act);
  } finally {
    release();
  }
}

function released<T>(release: () => void, act: () => T): T {
  try {
    return act();
  } finally {
    release();
  }
}

/** Without systemd none of them runs as a unit. */
async function isNetworkRunning(deps: ReaderDeps): Promise<boolean> {
  try {
    return (await runningSteps(deps, ['check', 'fetch'])).length > 0;
  } catch (error) {
    if (error instanceof UpdateError) return false;
    throw error;
  }
}
