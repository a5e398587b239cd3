/** Small filesystems for tests. They need root with CAP_SYS_ADMIN; tests that use them are skipped elsewhere. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';

let answer: boolean | null = null;

/** Whether this process may mount. Tried once. */
export function canMount(): boolean {
  answer ??= tryMount();
  return answer;
}

function tryMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const dir = fs.mkdtempSync(join(os.tmpdir(), 'pikit-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'none', dir], { stdio: 'ignore' });
    execFileSync('umount', [dir], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // not allowed here: that is the answer
  } finally {
    fs.rmdirSync(dir);
  }
}

/** Runs with a tmpfs of these options mounted on a directory. */
export function withTmpfs(dir: string, options: string, use: () => void): void {
  fs.mkdirSync(dir, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=755,${options}`, 'none', dir]);
  try {
    use();
  } finally {
    execFileSync('umount', [dir]);
  }
}

/** Runs with a device in a container: what is in `lower` is there, and every change goes to a layer above it. */
export function withOverlay(lower: string, merged: string, use: () => void): void {
  const [upper, work] = [`${merged}.upper`, `${merged}.work`];
  for (const dir of [merged, upper, work]) fs.mkdirSync(dir, { recursive: true });
  execFileSync('mount', ['-t', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, 'none', merged]);
  try {
    use();
  } finally {
    execFileSync('umount', [merged]);
  }
}
