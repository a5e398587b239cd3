/** A disk that is full, or not there. The full one is a real small filesystem, which only root can mount. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toUpdateError } from '../../../../lib/core/errors.ts';
import { isTransient } from '../../../../lib/core/network/network-errors.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { BUNDLE, DONE, downloadBed } from '../../../helpers/download-bed.ts';

const bed = downloadBed();
const PAGE = 4096;

/** Runs a test with a tmpfs of so many pages; one of them is for the facts beside the partial file. */
async function withSmallDisk(pages: number, use: (dir: string) => Promise<void>): Promise<void> {
  const dir = join(bed.dir(), 'small');
  fs.mkdirSync(dir);
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${String(pages * PAGE)}`, 'tmpfs', dir]);
  if (mount.status !== 0) throw new Error(`no tmpfs: ${String(mount.stderr)}`);
  try {
    await use(dir);
  } finally {
    spawnSync('umount', ['-l', dir]);
    fs.rmdirSync(dir);
  }
}

function canMount(): boolean {
  const probe = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  return process.getuid?.() === 0 && probe.status === 0;
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return null;
}

describe.skipIf(!canMount())('a full disk (needs root and mount)', () => {
  it.each([
    ['in-the-middle', 10 * PAGE],
    ['in-the-last-bytes', 15 * PAGE + 1],
  ])('%s is NO_SPACE, and not the fault of the network', async (_name, length) => {
    const body = BUNDLE.subarray(0, length);
    await withSmallDisk(length === 10 * PAGE ? 8 : 16, async (dir) => {
      bed.server().at('/bundle', { body });
      const error = await failure(bed.get({ file: join(dir, 'bundle'), sizeBytes: length, sha256: sha256(body) }));
      expect(toUpdateError(error)).toMatchObject({ code: 'NO_SPACE' });
      expect(isTransient(error)).toBe(false);
      expect(fs.existsSync(join(dir, 'bundle'))).toBe(false);
    });
  });

  it('that has room again goes on where it stopped', async () => {
    const body = BUNDLE.subarray(0, 20 * PAGE);
    await withSmallDisk(16, async (dir) => {
      bed.server().at('/bundle', { body, etag: '"1"' });
      const options = { file: join(dir, 'bundle'), sizeBytes: body.length, sha256: sha256(body) };
      expect(toUpdateError(await failure(bed.get(options))).code).toBe('NO_SPACE');
      spawnSync('mount', ['-o', 'remount,size=1M', dir]);
      expect(await bed.get(options)).toEqual({ received: body.length - 15 * PAGE, resumed: 15 * PAGE });
      expect(sha256(fs.readFileSync(join(dir, 'bundle')))).toBe(sha256(body));
    });
  });
});

describe('a folder that cannot be written', () => {
  it.each([
    ['missing', 'nowhere/bundle', 'IO_ERROR'],
    ['a-file', 'file/bundle', 'IO_ERROR'],
  ])('%s is not the fault of the network', async (_name, path, code) => {
    fs.writeFileSync(join(bed.dir(), 'file'), '');
    bed.server().at('/bundle', { body: BUNDLE });
    const error = await failure(bed.get({ file: join(bed.dir(), path) }));
    expect(toUpdateError(error)).toMatchObject({ code });
    expect(isTransient(error)).toBe(false);
  });

  it('does not keep the connection', async () => {
    bed.server().at('/bundle', { body: BUNDLE });
    await failure(bed.get({ file: join(bed.dir(), 'nowhere/bundle') }));
    expect(await bed.get()).toEqual({ received: BUNDLE.length, resumed: 0 });
    expect(bed.files()).toEqual(DONE);
  });
});
