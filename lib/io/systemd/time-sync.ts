/** Whether the clock of this device has been set by a server of time: systemd-timesyncd says so with a file. */
import { watchDirs } from '../api/watch-dirs.ts';

/** Has `synchronized` in it from the first answer on, with a new time at each (systemd-timesyncd.service(8)). */
export const TIMESYNC = '/run/systemd/timesync';

/**
 * Resolves when `isRight`, which is asked now and whenever timesyncd has set the clock; or after `waitMs`, in which something else may
 * have set it; or when `signal` says so.
 */
export async function clockSet(
  isRight: () => boolean,
  { waitMs, signal, dir = TIMESYNC }: { waitMs: number; signal: AbortSignal; dir?: string },
): Promise<void> {
  let settle = (): void => undefined;
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const look = (): void => {
    if (isRight()) settle();
  };
  // Listens first: what comes between is not missed.
  const end = watchDirs([dir], look);
  const timer = setTimeout(settle, waitMs);
  signal.addEventListener('abort', settle, { once: true });
  if (signal.aborted) settle();
  look();
  await settled;
  signal.removeEventListener('abort', settle);
  clearTimeout(timer);
  end();
}
