/** What a step is given. Built in scripts/; steps know the edges by their types only. */
import type { Config } from '../core/config.ts';
import type { EndedUnit } from '../core/ended-early.ts';
import type { DevicePaths } from '../core/paths.ts';
import type { ProgressReport } from '../core/progress.ts';
import type { KeptFile } from '../core/foreign.ts';
import type { Receipt, Token } from '../core/state.ts';
import type { unpackBundle } from '../io/archive.ts';
import type { freeSpace } from '../io/disk.ts';
import type { getDocument } from '../io/document.ts';
import type { download } from '../io/download.ts';
import type { executeFile } from '../io/execute-file.ts';
import type { Narrator } from '../io/narrator.ts';
import type { probe } from '../io/probe.ts';
import type { withRetries } from '../io/retry.ts';
import type { Services } from '../io/services.ts';
import type { OpenSource } from '../io/source.ts';
import type { StateFiles } from '../io/state-file.ts';
import type { unitPrograms } from '../io/unit-programs.ts';
import type { OpenWire } from '../io/wire.ts';
import type { Place } from '../transaction/place.ts';

/** What every step has. */
export interface StepDeps {
  paths: DevicePaths;
  place: Place;
  files: StateFiles;
  narrate: Narrator;
  loadConfig: () => Config;
  report: (progress: ProgressReport) => void;
  now: () => Date;
  /** Whole milliseconds since this step began, whatever becomes of the clock meanwhile: on a device it is set when the network is there. */
  tookMs: () => number;
  /** Aborted by SIGTERM and SIGINT: the step ends at the next point where ending is safe. */
  signal: AbortSignal;
  /** Lets signals in between two synchronous stretches. */
  breathe: () => Promise<void>;
  /** An id of this run, the same along a chain: INVOCATION_ID, or a random one. */
  run: string;
  /** The timer started this. */
  byTimer: boolean;
  /** What a gate granted this step, taken before it waited for the lock; absent where nobody has looked. */
  granted?: Token | null;
  arch: string;
  machineId: () => string;
  /** The step before this one, where it was killed and its unit still knows how; null when it ended by itself, and where nobody knows. */
  killed: Killed | null;
}

export interface Killed extends EndedUnit {
  step: Receipt['step'];
}

/** check and fetch: the user `pikit-update`, with network. */
export interface NetworkDeps extends StepDeps {
  userAgent: string;
  openSource: OpenSource;
  openWire: OpenWire;
  getDocument: typeof getDocument;
  withRetries: typeof withRetries;
  /** Loaded when there is something to download: undici costs more than a whole check. */
  download: () => Promise<typeof download>;
  unpackBundle: () => Promise<typeof unpackBundle>;
  freeSpace: typeof freeSpace;
}

/** apply, rollback: root, no network beyond loopback. */
export interface DeviceDeps extends StepDeps {
  services: (config: Config) => Services;
  probe: typeof probe;
  execute: typeof executeFile;
  unitPrograms: typeof unitPrograms;
}

/** What a step came to when it did not fail. */
export interface StepResult {
  outcome: Extract<Receipt['outcome'], 'ok' | 'nothing' | 'rolled-back'>;
  message: string;
  /** What the owner can do, where there is something to do although nothing failed. */
  hint?: string;
  from?: string | null;
  to?: string | null;
  /** The branch that it was about. */
  branch?: string;
  /** Already written with the transaction: the runner does not write it again. */
  recorded?: boolean;
  /** Files that no release brought, because of which nothing was done. */
  foreign?: KeptFile[];
}
