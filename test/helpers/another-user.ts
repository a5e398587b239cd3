/** What a user sees who is not root: the same calls by another user, on a device whose private folders are root's. */
import fs from 'node:fs';
import { devicePaths } from '../../lib/core/device/paths.ts';

const NOBODY = 65_534;

/** Runs `act` as the user nobody; root again afterwards, whatever came of it. Needs root. */
export async function asAnotherUser<T>(root: string, act: () => T | Promise<T>): Promise<T> {
  const { privateDir, backupDir } = devicePaths(root);
  fs.chmodSync(root, 0o755);
  for (const dir of [privateDir, backupDir]) {
    fs.mkdirSync(dir, { recursive: true });
    fs.chmodSync(dir, 0o700);
  }
  process.seteuid?.(NOBODY);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}
