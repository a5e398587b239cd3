/**
 * The locks of a step of root. The lock of all steps can be read by the user of the network steps, who has to take it: code of a
 * stranger that runs as that user could hand its descriptor to a process which outlives the unit (unix(7), SCM_RIGHTS), and root
 * would wait for that. So root has a lock of its own, in a folder of its own, and waits for the other one only while a network
 * step is at work: what those write meanwhile is read by the rules of transaction/files/untrusted-files.ts, no matter who has a lock.
 */
import { UpdateError } from '../../core/errors.ts';
import type { LockOptions } from './lock.ts';
import { takeLock } from './lock.ts';

/** How long is waited for the lock of all steps before it is asked again whether anybody of ours can have it. */
const SLICE_MS = 3000;

export interface RootLocks {
  /** Of the steps of root alone. */
  own: string;
  /** Of all steps. */
  shared: string;
  /** Whether check or fetch is at work. */
  isNetworkAtWork: () => boolean;
  warn: (text: string) => void;
  sliceMs?: number;
}

/**
 * Takes both, waiting at most `waitMs` for each; goes on with a warning without the shared one when no network step is at work that
 * could have it. Kept until this process ends. Throws BUSY, CANCELLED and PERMISSION as takeLock does.
 */
export async function takeRootLocks({ own, shared, isNetworkAtWork, warn, sliceMs = SLICE_MS }: RootLocks, options: LockOptions): Promise<void> {
  await takeLock(own, options);
  let isTold = false;
  const onWait = (): void => {
    if (!isTold) options.onWait();
    isTold = true;
  };
  for (let leftMs = options.waitMs; ; leftMs -= sliceMs) {
    const waitMs = Math.min(leftMs, sliceMs);
    try {
      await takeLock(shared, { ...options, waitMs, onWait });
      return;
    } catch (error) {
      if (!(error instanceof UpdateError) || error.code !== 'BUSY') throw error;
      if (!isNetworkAtWork()) {
        warn(`'${shared}' is locked by a process that is neither check nor fetch; continuing without this lock`);
        return;
      }
      if (leftMs <= sliceMs) throw error;
    }
  }
}
