import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LockResult } from '../../../../lib/io/process/flock.ts';
import { flock, flockInTime } from '../../../../lib/io/process/flock.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const never = new AbortController().signal;

afterEach(() => {
  vi.unstubAllEnvs();
});

async function open<T>(act: (fd: number) => T): Promise<Awaited<T>> {
  const fd = fs.openSync(dir(), fs.constants.O_RDONLY);
  try {
    return await act(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** The program that is found as `flock`. */
function stub(script: string): void {
  fs.writeFileSync(join(dir(), 'flock'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${dir()}:/usr/bin:/bin`);
}

describe.each<[string, (fd: number, seconds: number) => Promise<LockResult>]>([
  ['flock', async (fd, seconds) => await Promise.resolve(flock(fd, 'the folder', seconds))],
  ['flockInTime', async (fd, seconds) => await flockInTime(fd, 'the folder', seconds, never)],
])('%s', (_name, lock) => {
  it.each([0, 0.05])('keeps a folder for one open file, until that is closed: after %d s', async (seconds) => {
    await open(async (fd) => {
      expect(await lock(fd, seconds)).toBe('locked');
      expect(await open(async (other) => await lock(other, seconds))).toBe('busy');
    });
    expect(await open(async (fd) => await lock(fd, seconds))).toBe('locked');
  });

  it('is ended by a signal', async () => {
    stub('kill -9 $$');
    expect(await open(async (fd) => await lock(fd, 1))).toBe('ended');
  });

  it('names a file system without locks', async () => {
    stub('echo "flock: 3: No locks available" >&2; exit 71');
    const message = 'the folder cannot be locked: flock: 3: No locks available';
    await expect(open(async (fd) => await lock(fd, 1))).rejects.toMatchObject({ code: 'IO_ERROR', message });
  });

  it('needs the command', async () => {
    vi.stubEnv('PATH', dir());
    await expect(open(async (fd) => await lock(fd, 1))).rejects.toMatchObject({ code: 'IO_ERROR', hint: 'install the package util-linux' });
  });
});
