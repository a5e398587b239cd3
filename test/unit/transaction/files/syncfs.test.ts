import childProcess from 'node:child_process';
import fs from 'node:fs';
import { constants } from 'node:os';
import { expect, it, onTestFinished, vi } from 'vitest';
import { hasSyncfs, syncfs } from '../../../../lib/transaction/files/syncfs.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

/** What Perl would have printed, and how it would have ended. */
function answered(stdout: string, status: number | null = 0): void {
  const ended = { pid: 1, output: [], stdout, stderr: '', status, signal: null };
  const spy = vi.spyOn(childProcess, 'spawnSync').mockReturnValue(ended);
  onTestFinished(() => {
    spy.mockRestore();
  });
}

function onFolder<T>(act: (fd: number) => T): T {
  const fd = fs.openSync(dir(), 'r');
  try {
    return act(fd);
  } finally {
    fs.closeSync(fd);
  }
}

it('flushes the filesystem of an open folder, by the kernel of this machine', () => {
  expect(hasSyncfs()).toBe(true);
  expect(onFolder(syncfs)).toBe(true);
});

it('throws what the kernel answered, with its name', () => {
  answered(String(constants.errno.EIO));
  expect(() => onFolder(syncfs)).toThrow(expect.objectContaining({ code: 'EIO', syscall: 'syncfs' }));
  answered(String(constants.errno.ENOSPC));
  expect(() => onFolder(syncfs)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
});

it.each([
  ['a kernel without it', String(constants.errno.ENOSYS), 0],
  ['a sandbox that does not let it through', String(constants.errno.EPERM), 0],
  ['no Perl', '', null],
  ['a Perl that failed', '0', 2],
  ['a Perl that printed something else', 'warning: locale\n0', 0],
])('answers that it could not be asked for: %s', (_name, stdout, status) => {
  answered(stdout, status);
  expect(onFolder(syncfs)).toBe(false);
});

it('tells a descriptor that is none, which the kernel says', () => {
  const spawnSync = childProcess.spawnSync;
  const spy = vi
    .spyOn(childProcess, 'spawnSync')
    .mockImplementation((command, args, options) => spawnSync(command, args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] }));
  onTestFinished(() => {
    spy.mockRestore();
  });
  expect(() => onFolder(syncfs)).toThrow(expect.objectContaining({ code: 'EBADF' }));
});
