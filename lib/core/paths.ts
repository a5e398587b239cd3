import { join } from 'node:path';

/** Where everything lives on a device (design: "On the device"), below `root`. Real paths, ready for fs calls. */
export interface DevicePaths {
  readonly root: string;
  readonly config: string;
  readonly version: string;
  readonly trustRoot: string;
  /** Owned by the user `pikit-update`. */
  readonly stateDir: string;
  readonly state: string;
  readonly settings: string;
  readonly staged: string;
  /** What root lets everybody know, and how long steps take. */
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
  readonly serviceActions: string;
  readonly cacheDir: string;
  /** How long servers asked to be left alone. */
  readonly waits: string;
  readonly backupDir: string;
  readonly lock: string;
  readonly runDir: string;
  readonly next: string;
  readonly granted: string;
  readonly retry: string;
  readonly confirmed: string;
  readonly wanted: string;
  readonly progress: string;
  readonly runRecord: string;
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
    serviceActions: at('/var/lib/pikit/service-actions.jsonl'),
    cacheDir: at('/var/cache/pikit-update'),
    waits: at('/var/cache/pikit-update/waits.json'),
    backupDir: at('/var/backups/pikit'),
    lock: at('/run/pikit-update.lock'),
    runDir: at('/run/pikit-update'),
    next: at('/run/pikit-update/next'),
    granted: at('/run/pikit-update/granted'),
    retry: at('/run/pikit-update/retry'),
    confirmed: at('/run/pikit-update/confirmed.json'),
    wanted: at('/run/pikit-update/wanted'),
    progress: at('/run/pikit-update/progress.json'),
    runRecord: at('/run/pikit-update/run.json'),
    orderSocket: at('/run/pikit-update-api/order.sock'),
  };
}
