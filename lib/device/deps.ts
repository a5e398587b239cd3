/** What the command line and the HTTP API are given to read a device and to start its units. Built in scripts/. */
import type { Config } from '../core/device/config.ts';
import type { DevicePaths } from '../core/device/paths.ts';
import type { Room } from '../core/device/disk-space.ts';
import type { StateFiles } from '../io/state/state-files.ts';
import type { UnitRunner } from '../io/systemd/unit-runner.ts';
import type { TransactionPaths } from '../transaction/transaction-paths.ts';

export interface ReaderDeps {
  paths: DevicePaths;
  place: TransactionPaths;
  files: StateFiles;
  now: () => Date;
  loadConfig: () => Config;
  freeSpace: (path: string) => Room;
  /** Connects at the first call; the same one afterwards. */
  units: () => Promise<UnitRunner>;
  /** Whether a process is there. */
  isAlive: (pid: number) => boolean;
  /** SIGTERM to a step that no unit runs: in a folder, other processes run their own. Null on a device. */
  terminate: ((pid: number) => void) | null;
  /** Aborted by Ctrl-C and SIGTERM. */
  signal: AbortSignal;
}
