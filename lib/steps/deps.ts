/** What a step is given. Built in scripts/; steps know the edges by their types only. */
import type { Config } from '../core/device/config.ts';
import type { UpdateError } from '../core/errors.ts';
import type { EndedUnit } from '../core/run/ended-early.ts';
import type { LifecycleEvent } from '../core/events.ts';
import type { SignedBy } from '../core/trust/trust-state.ts';
import type { DevicePaths } from '../core/device/paths.ts';
import type { ProgressReport } from '../core/run/progress.ts';
import type { KeptFile } from '../core/offer/foreign-files.ts';
import type { Receipt, Token } from '../core/device/state.ts';
import type { unpackBundle } from '../io/bundle/archive.ts';
import type { freeSpace } from '../io/disk.ts';
import type { getDocument } from '../io/http/document.ts';
import type { download } from '../io/http/download.ts';
import type { CommandEnd } from '../io/process/command-end.ts';
import type { HookOptions } from '../io/process/hook-unit.ts';
import type { Log } from '../io/log.ts';
import type { probe } from '../io/http/probe.ts';
import type { withRetries } from '../io/retry.ts';
import type { clockSet } from '../io/systemd/time-sync.ts';
import type { Services } from '../io/systemd/services.ts';
import type { OpenSource } from '../io/source/source.ts';
import type { StateFiles } from '../io/state/state-files.ts';
import type { openMetadata } from '../io/trust/metadata-client.ts';
import type { folderStore } from '../io/trust/metadata-store.ts';
import type { unitPrograms } from '../io/systemd/unit-programs.ts';
import type { OpenWire } from '../io/http/wire.ts';
import type { TransactionPaths } from '../transaction/transaction-paths.ts';

/** What every step has. */
export interface StepDeps {
  paths: DevicePaths;
  place: TransactionPaths;
  files: StateFiles;
  log: Log;
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
  /** What a gate granted this step, taken before it waited for the lock; absent where this was not read yet. */
  granted?: Token | null;
  arch: string;
  machineId: () => string;
  /** When this updater was built, on a device: no right clock is before that. Null in a folder, where there are clocks of tests. */
  builtAt: Date | null;
  /** The step before this one, where it was killed and its unit still knows how; null when it ended by itself, or when that is unknown. */
  killed: Killed | null;
}

export interface Killed extends EndedUnit {
  step: Receipt['step'];
}

/** Signed metadata. */
export interface MetadataTools {
  openMetadata: typeof openMetadata;
  folderStore: typeof folderStore;
}

/** Those who verify signatures. */
export interface VerifyingDeps extends StepDeps {
  /** Loaded where a root is trusted: without one, nothing is to be verified. */
  metadataTools: () => Promise<MetadataTools>;
}

/** check and fetch: the user `pikit-update`, with network. */
export interface NetworkDeps extends VerifyingDeps {
  userAgent: string;
  openSource: OpenSource;
  openWire: OpenWire;
  getDocument: typeof getDocument;
  withRetries: typeof withRetries;
  /** Loaded when there is something to download: undici costs more than a whole check. */
  download: () => Promise<typeof download>;
  unpackBundle: () => Promise<typeof unpackBundle>;
  freeSpace: typeof freeSpace;
  /** Waits for the clock to be set. */
  clockSet: typeof clockSet;
}

/** apply, rollback: root, no network beyond loopback. */
export interface RootStepDeps extends StepDeps {
  services: (config: Config) => Services;
  probe: typeof probe;
  /** Runs a file of a release: in a unit and a sandbox of its own, or by itself where there is no systemd. */
  execute: (config: Config) => (command: readonly string[], options: Omit<HookOptions, 'folder'>) => Promise<CommandEnd>;
  unitPrograms: typeof unitPrograms;
}

/** apply: what it installs, it verifies by itself. rollback and recover bring back what was verified before, and need none of that. */
export interface ApplyDeps extends RootStepDeps, VerifyingDeps {}

/**
 * How a step ended. A step returns only the failures that came of a transaction, which has their receipt; any other it throws, and
 * the runner makes this of it.
 */
export type StepOutcome = StepResult | StepFailure;

export interface StepFailure {
  outcome: 'failed';
  failure: UpdateError;
  /** As in StepResult. */
  recorded: boolean;
}

/** The result of a step that did not fail. */
export interface StepResult {
  outcome: Extract<Receipt['outcome'], 'ok' | 'nothing' | 'rolled-back'>;
  message: string;
  /** What the owner can do, where there is something to do although nothing failed. */
  hint?: string;
  from?: string | null;
  to?: string | null;
  /** The branch that it was about. */
  branch?: string;
  /** Who signed the release; null or absent where releases are not signed. */
  signed?: SignedBy | null | undefined;
  /** The event that it is in the journal, where step and outcome do not tell. */
  event?: LifecycleEvent;
  /** Its receipt is written with the transaction: the runner does not write one. */
  recorded?: boolean;
  /** Foreign files that kept the step from doing anything. */
  foreign?: KeptFile[];
}
