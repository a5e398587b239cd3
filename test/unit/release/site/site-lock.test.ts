import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { withLockIfAny, withSiteLock } from '../../../../lib/release/site/site-lock.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

it('lets one at a time in, and leaves nothing in the folder', () => {
  const seen = withSiteLock(dir(), () => {
    expect(() => withSiteLock(dir(), () => 'both', 0)).toThrow(
      expect.objectContaining({ code: 'BUSY', message: `another process is changing the site '${dir()}'` }),
    );
    return fs.readdirSync(dir());
  });
  expect(seen).toEqual([]);
  expect(withSiteLock(dir(), () => 'again', 0)).toBe('again');
});

it('opens again when what it is held for fails', () => {
  expect(() =>
    withSiteLock(dir(), () => {
      throw new Error('inside');
    }),
  ).toThrow('inside');
  expect(withSiteLock(dir(), () => 'again', 0)).toBe('again');
});

it('is gone with the process that holds it', async () => {
  const holder = spawn('flock', ['-x', '-F', dir(), 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    expect(() => withSiteLock(dir(), () => 'both', 0)).toThrow(expect.objectContaining({ code: 'BUSY' }));
  } finally {
    holder.kill('SIGKILL');
    await new Promise((resolve) => holder.once('exit', resolve));
  }
  expect(withSiteLock(dir(), () => 'ours', 0)).toBe('ours');
});

it('lets one at a time in also where a lock is only wanted', () => {
  withSiteLock(dir(), () => {
    expect(() => withLockIfAny(dir(), () => 'both', 0)).toThrow(expect.objectContaining({ code: 'BUSY' }));
  });
  expect(withLockIfAny(dir(), () => 'ours', 0)).toBe('ours');
});
