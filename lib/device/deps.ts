/** What the command line and the HTTP API are given to read a device and to start its units. Built in scripts/. */
import type { Config } from '../core/config.ts';
import type { DevicePaths } from '../core/paths.ts';
import type { FreeSpace } from '../io/disk.ts';
import type { StateFiles } from '../io/state-file.ts';
import type { UnitRunner } from '../io/unit-runner.ts';
import type { Place } from '../transaction/place.ts';

export interface DeviceDeps {
  paths: DevicePaths;
  place: Place;
  files: StateFiles;
  now: () => Date;
  loadConfig: () => Config;
  freeSpace: (path: string) => FreeSpace;
  /** Connects at the first call; the same one afterwards. */
  units: () => Promise<UnitRunner>;
  /** Whether a process is there. */
  isAlive: (pid: number) => boolean;
  /** SIGTERM to a step that no unit runs: in a folder, other processes run their own. Null on a device. */
  terminate: ((pid: number) => void) | null;
  /** Aborted by Ctrl-C and SIGTERM. */
  signal: AbortSignal;
}
