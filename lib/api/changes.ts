/** Hears of whatever may change the status of a device: its units, and the files that steps and the owner write. */
import { toUpdateError } from '../core/errors.ts';
import type { ReaderDeps } from '../device/deps.ts';
import { unitOf } from '../device/running.ts';
import { watchDirs } from '../io/api/watch-dirs.ts';

const UNITS = [
  ...(['check', 'fetch', 'apply', 'rollback', 'recover'] as const).map(unitOf),
  'pikit-update-gate@rollback.service',
  'pikit-update.timer',
];

export interface Changes {
  /** `onChange` is called at each change until the function that it resolves to is called. */
  watch: (onChange: () => void) => Promise<() => void>;
  /** Something has changed that no other source reports. */
  tell: () => void;
}

/** Where systemd cannot be asked the files go on to tell, and the next one who watches tries again. */
export function deviceChanges(deps: ReaderDeps, warn: (message: string) => void): Changes {
  const listeners = new Set<() => void>();
  let following: Promise<void> | null = null;
  let unwatchDirs: (() => void) | null = null;

  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };

  async function followUnits(): Promise<void> {
    const units = await deps.units();
    await units.follow(UNITS, tell);
  }

  return {
    tell,
    watch: async (onChange) => {
      // Wrapped: a second caller may register the same function before the first one's wait is over.
      const listener = (): void => {
        onChange();
      };
      listeners.add(listener);
      unwatchDirs ??= watchDirs([deps.paths.runDir, deps.paths.stateDir], tell);
      following ??= followUnits();
      await following.catch((error: unknown) => {
        following = null;
        warn(`failed to follow the units, ignoring: ${toUpdateError(error).message}`);
      });
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        unwatchDirs?.();
        unwatchDirs = null;
      };
    },
  };
}
