/** A device with the folders of the package: root's and sticky where the user of the network steps may put files, and that user. */
import fs from 'node:fs';
import type { DevicePaths } from '../../lib/core/device/paths.ts';

export const NETWORK_USER = 65_534;

/** As systemd-tmpfiles makes them. Needs root. The group stays root's: what is tried here is the user's right over files. */
export function shareFolders(root: string, paths: DevicePaths): void {
  fs.chmodSync(root, 0o755);
  const make = (dir: string, mode: number, uid = 0): void => {
    fs.mkdirSync(dir, { recursive: true });
    fs.chownSync(dir, uid, 0);
    fs.chmodSync(dir, mode);
  };
  for (const dir of [paths.runDir, paths.next, paths.granted, paths.stateDir]) make(dir, 0o1775);
  for (const dir of [paths.orders, `${paths.orders}/next`, `${paths.orders}/granted`]) make(dir, 0o755);
  for (const dir of [paths.privateDir, paths.backupDir]) make(dir, 0o700);
  make(paths.cacheDir, 0o755, NETWORK_USER);
  for (const file of [paths.state, paths.staged, paths.timings]) if (fs.existsSync(file)) fs.chownSync(file, NETWORK_USER, 0);
}

/** Runs `act` with the rights of that user, root again afterwards. */
export function asNetworkUser<T>(act: () => T): T {
  process.seteuid?.(NETWORK_USER);
  try {
    return act();
  } finally {
    process.seteuid?.(0);
  }
}
