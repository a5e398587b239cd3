import { join } from 'node:path';

/** Where everything lives on a device (docs/architecture.md), below `root`. Real paths, ready for fs calls. */
export interface DevicePaths {
  readonly root: string;
  readonly config: string;
  readonly version: string;
  /** What the owner has trusted. There: only signed releases count. */
  readonly trustRoot: string;
  /** Root's and sticky: the user of the network steps may put files there, and cannot touch those of root. */
  readonly stateDir: string;
  readonly state: string;
  readonly settings: string;
  readonly staged: string;
  /** What root publishes, and how long steps take. */
  readonly published: string;
  readonly timings: string;
  /** Owned by root, 0700. */
  readonly privateDir: string;
  readonly journal: string;
  readonly installed: string;
  readonly installedNext: string;
  readonly held: string;
  readonly history: string;
  readonly edited: string;
  /** Signed metadata that root has verified last. */
  readonly trusted: string;
  readonly serviceActions: string;
  readonly cacheDir: string;
  /** Signed metadata as the network steps have verified it last, and apply verifies again. */
  readonly trustCache: string;
  /** How long servers asked to be left alone. */
  readonly waits: string;
  readonly backupDir: string;
  readonly lock: string;
  /** Of the steps of root alone. */
  readonly rootLock: string;
  /** Root's and sticky, as stateDir. */
  readonly runDir: string;
  readonly next: string;
  readonly granted: string;
  /** Root's alone: what decides about root's steps, and what the owner has ordered. */
  readonly orders: string;
  /** Held while a process changes the settings. */
  readonly settingsLock: string;
  /** What the owner has agreed to, as one file. */
  readonly wanted: string;
  /** Of the user pikit-update, in a folder of root's: what `pikit-update-ask-root.service` hands to root. */
  readonly asked: string;
  readonly progress: string;
  readonly runRecord: string;
  /** A link whose text is the id of the update that was started by hand and has no step yet. */
  readonly begun: string;
  /** What the API orders of root: the socket that systemd makes for it alone. */
  readonly orderSocket: string;
}

/** The path on the device of the file that holds the installed version. It is part of every transaction. */
export const VERSION_FILE = '/etc/pikit/version';

/** Joins every device path to `root` (PIKIT_ROOT, default `/`). */
export function devicePaths(root: string): DevicePaths {
  const at = (path: string): string => join(root, path);
  return {
    root,
    config: at('/etc/pikit/update.toml'),
    version: at(VERSION_FILE),
    trustRoot: at('/etc/pikit/trust/root.json'),
    stateDir: at('/var/lib/pikit-update'),
    state: at('/var/lib/pikit-update/state.json'),
    settings: at('/var/lib/pikit-update/settings.json'),
    staged: at('/var/lib/pikit-update/staged'),
    published: at('/var/lib/pikit-update/published.json'),
    timings: at('/var/lib/pikit-update/timings.json'),
    privateDir: at('/var/lib/pikit'),
    journal: at('/var/lib/pikit/journal.json'),
    installed: at('/var/lib/pikit/installed.json'),
    installedNext: at('/var/lib/pikit/installed.next.json'),
    held: at('/var/lib/pikit/held.json'),
    history: at('/var/lib/pikit/history.jsonl'),
    edited: at('/var/lib/pikit/edited'),
    trusted: at('/var/lib/pikit/trust'),
    serviceActions: at('/var/lib/pikit/service-actions.jsonl'),
    cacheDir: at('/var/cache/pikit-update'),
    trustCache: at('/var/cache/pikit-update/trust'),
    waits: at('/var/cache/pikit-update/waits.json'),
    backupDir: at('/var/backups/pikit'),
    lock: at('/run/pikit-update.lock'),
    rootLock: at('/run/pikit-update/orders/lock'),
    runDir: at('/run/pikit-update'),
    next: at('/run/pikit-update/next'),
    granted: at('/run/pikit-update/granted'),
    orders: at('/run/pikit-update/orders'),
    settingsLock: at('/run/pikit-update/orders/settings.lock'),
    wanted: at('/run/pikit-update/orders/wanted'),
    asked: at('/run/pikit-update/orders/asked'),
    progress: at('/run/pikit-update/progress.json'),
    runRecord: at('/run/pikit-update/run.json'),
    begun: at('/run/pikit-update/begun'),
    orderSocket: at('/run/pikit-update-api/order.sock'),
  };
}

export type TokenStep = 'fetch' | 'apply' | 'rollback';

/**
 * Where the token for a step lies. What the user of the network steps may ask for (fetch, and that apply begins) is left in `next`;
 * what decides about a step of root lies where that user cannot write.
 */
export function tokenPath(paths: Pick<DevicePaths, 'next' | 'granted' | 'orders'>, where: 'next' | 'granted', step: TokenStep): string {
  const { next, granted, orders } = paths;
  if (step === 'rollback') return `${orders}/${where}/rollback`;
  if (where === 'granted') return step === 'apply' ? `${orders}/granted/apply` : `${granted}/fetch`;
  return `${next}/${step}`;
}
