/**
 * syncfs(2): all that a filesystem has not written yet, in one flush. Node has no call for it, so Perl makes it, which every Debian
 * has (perl-base is essential, and runs the units of this updater already), on a descriptor that it inherits.
 *
 * Since Linux 5.8 it reports every error of writing back that happened since the descriptor was opened (errseq_t, LWN 818522): open
 * it before the first write. An older kernel reports none, which would be worse than no flush.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';

import { constants, release } from 'node:os';

/** Its number in the table of system calls, by what Node calls the architecture. */
const NUMBERS: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 306, arm64: 267, arm: 373, ia32: 344, riscv64: 267 };
const SINCE = [5, 8] as const;
const PERL = '/usr/bin/perl';
/** Prints the number of the error, 0 for none: an exit status that says so could come from elsewhere. */
export const SYNCFS_PROGRAM = 'print syscall($ARGV[0] + 0, 3) == 0 ? 0 : $! + 0';
const TIMEOUT_MS = 10 * 60_000;

/** Whether this machine can be asked at all. */
export function hasSyncfs(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const isNewEnough = major > SINCE[0] || (major === SINCE[0] && minor >= SINCE[1]);
  return isNewEnough && NUMBERS[process.arch] !== undefined && fs.existsSync(PERL);
}

/**
 * Makes everything on the filesystem of an open file durable. Answers false where it could not be asked for (no Perl, a kernel or
 * sandbox without the call), and then nothing is. Throws the error of the kernel, such as EIO or ENOSPC: what was written since the
 * descriptor was opened may be lost, and asking again would not find out (fsyncgate, 2018).
 */
export function syncfs(fd: number): boolean {
  const number = NUMBERS[process.arch];
  if (number === undefined) return false;
  const { status, stdout } = childProcess.spawnSync(PERL, ['-e', SYNCFS_PROGRAM, String(number)], {
    stdio: ['ignore', 'pipe', 'ignore', fd],
    encoding: 'utf8',
    env: {},
    timeout: TIMEOUT_MS,
  });
  if (status !== 0 || !/^\d+$/.test(stdout)) return false;
  const errno = Number(stdout);
  if (errno === 0) return true;
  const { ENOSYS, EPERM } = constants.errno;
  if (errno === ENOSYS || errno === EPERM) return false;
  const name = Object.entries(constants.errno).find(([, known]) => known === errno)?.[0] ?? `errno ${stdout}`;
  throw Object.assign(new Error(`${name}: what was written did not reach the disk, syncfs`), { code: name, errno: -errno, syscall: 'syncfs' });
}
