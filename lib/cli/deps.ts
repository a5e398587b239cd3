/** What the command line is given. Built in scripts/pikit-update.ts. */
import type { Config } from '../core/config.ts';
import type { DevicePaths } from '../core/paths.ts';
import type { FreeSpace } from '../io/disk.ts';
import type { StateFiles } from '../io/state-file.ts';
import type { UnitRunner } from '../io/unit-runner.ts';
import type { Place } from '../transaction/place.ts';

export interface Terminal {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Standard output is a terminal: a progress bar can be drawn on it. */
  isTerminal: boolean;
  columns: () => number;
}

export interface CliDeps {
  /** Version of this program. */
  version: string;
  paths: DevicePaths;
  place: Place;
  files: StateFiles;
  terminal: Terminal;
  now: () => Date;
  loadConfig: () => Config;
  freeSpace: (path: string) => FreeSpace;
  /** Connects at the first call; the same one afterwards. */
  units: () => Promise<UnitRunner>;
  /** Whether a process is there. */
  isAlive: (pid: number) => boolean;
  /** SIGTERM to a step that no unit runs: in a folder, other processes run their own. Null on a device. */
  terminate: ((pid: number) => void) | null;
  /** journalctl with our standard streams, to its exit code; null in a folder, which has no journal. */
  journalctl: ((args: readonly string[]) => Promise<number>) | null;
  /** Aborted by Ctrl-C and SIGTERM. */
  signal: AbortSignal;
}

/** What a command came to: the exit code, and what `--json` prints. */
export interface Done {
  exit: number;
  json: unknown;
}
