/** What the user of the network steps may put in the place of what it staged, to have root read, keep or delete something for it. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import { Manifest } from '../../../lib/core/release/manifest.ts';
import { apply } from '../../../lib/steps/apply.ts';
import { sha256Of } from '../../../lib/core/digest.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import type { Device } from '../../helpers/device.ts';
import { netDeps, rootDeps } from '../../helpers/device.ts';
import { UPDATER } from '../../helpers/other-users.ts';
import { containing } from '../../helpers/matchers.ts';
import { onSite } from './published.ts';

describe('apply refuses', () => {
  const SECRET = 'root:$y$j9T$secret-of-this-device';

  /** What the user of the network steps can put in the place of a folder or a file, towards a file that only root can read. */
  const REDIRECTED: readonly [string, (dir: string, secret: string) => void][] = [
    [
      'a folder that is a link',
      (dir, secret) => {
        fs.rmSync(`${dir}/tree/pikit-web/assets`, { recursive: true });
        fs.symlinkSync(dirname(secret), `${dir}/tree/pikit-web/assets`);
      },
    ],
    [
      'a folder above it that is a link',
      (dir, secret) => {
        fs.rmSync(`${dir}/tree/pikit-web`, { recursive: true });
        fs.symlinkSync(dirname(dirname(secret)), `${dir}/tree/pikit-web`);
      },
    ],
    [
      'a tree that is a link',
      (dir, secret) => {
        fs.rmSync(`${dir}/tree`, { recursive: true });
        fs.symlinkSync(dirname(dirname(dirname(secret))), `${dir}/tree`);
      },
    ],
    [
      'a folder of the version that is a link',
      (dir, secret) => {
        const elsewhere = dirname(dirname(dirname(dirname(secret))));
        fs.renameSync(`${dir}/manifest.json`, `${elsewhere}/manifest.json`);
        fs.rmSync(dir, { recursive: true });
        fs.symlinkSync(elsewhere, dir);
      },
    ],
    [
      'a link in its place',
      (dir, secret) => {
        fs.symlinkSync(secret, `${dir}/tree/pikit-web/assets/api-token`);
      },
    ],
    [
      'a hard link',
      (dir, secret) => {
        fs.linkSync(secret, `${dir}/tree/pikit-web/assets/api-token`);
      },
    ],
    [
      'a FIFO',
      (dir) => {
        execFileSync('mkfifo', [`${dir}/tree/pikit-web/assets/api-token`]);
      },
    ],
    [
      'a file of a third user',
      (dir) => {
        fs.writeFileSync(`${dir}/tree/pikit-web/assets/api-token`, SECRET);
        fs.chownSync(`${dir}/tree/pikit-web/assets/api-token`, 1, 1);
      },
    ],
  ];

  /** A release whose manifest lists a file that it does not bring, with the digest of a file of root's, or with another one. */
  async function asking(sha256: string): Promise<{ on: Device; secret: string }> {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    const secret = on.at('/elsewhere/tree/pikit-web/assets/api-token');
    fs.cpSync(`${on.paths.cacheDir}/1.1.0/tree`, on.at('/elsewhere/tree'), { recursive: true });
    fs.writeFileSync(secret, SECRET, { mode: 0o600 });
    const file = `${on.paths.cacheDir}/1.1.0/manifest.json`;
    const { files, ...rest } = Manifest.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
    fs.writeFileSync(file, JSON.stringify({ ...rest, post_install: [], files: [...files, { path: 'pikit-web/assets/api-token', sha256 }] }));
    const staged = on.files.readStaged();
    if (staged !== null) on.files.writeStaged({ ...staged, manifest_sha256: sha256Of(fs.readFileSync(file)) });
    execFileSync('chown', ['-R', `${String(UPDATER)}:${String(UPDATER)}`, on.paths.cacheDir]);
    return { on, secret };
  }

  it.each(REDIRECTED)('to fetch a file of root for the user who staged the release: %s', async (_name, redirect) => {
    const digest = sha256Of(Buffer.from(SECRET));
    for (const asked of [digest, '0'.repeat(64)]) {
      const { on, secret } = await asking(asked);
      redirect(`${on.paths.cacheDir}/1.1.0`, secret);
      const before = on.tree();
      const deps = rootDeps(on);
      const error: unknown = await apply(deps).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'STAGED_INVALID', hint: 'run it again to download the release again' });
      expect(on.tree()).toEqual(before);
      // Nothing of what was found is told, to anybody.
      const told = [error instanceof UpdateError ? error.message : '', ...deps.said, on.read('/var/lib/pikit-update/state.json') ?? ''].join('\n');
      if (asked !== digest) expect(told).not.toContain(digest);
      expect(told).not.toContain('secret-of');
      // It is gone, without what links lead to, and the next run brings it anew.
      expect(fs.readFileSync(secret, 'utf8')).toBe(SECRET);
      expect(on.files.readStaged()).toBeNull();
      expect(fs.existsSync(`${on.paths.cacheDir}/1.1.0`)).toBe(false);
      expect((await fetchRelease(netDeps(on))).outcome).toBe('ok');
      expect((await apply(rootDeps(on))).outcome).toBe('ok');
    }
  });

  it('a file without a length that would take more than a bundle may hold', async () => {
    const { on } = await asking('0'.repeat(64));
    on.configure({ toml: 'bundle_bytes = "64KiB"\n' });
    const file = `${on.paths.cacheDir}/1.1.0/tree/pikit-web/assets/api-token`;
    fs.writeFileSync(file, '');
    fs.truncateSync(file, 4 * 64 * 1024 + 1);
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'STAGED_INVALID', message: containing('bytes that are allowed') });
    expect(on.files.readStaged()).toBeNull();
  });
});

/** What `act` hands to fs as a path below a folder. */
async function pathsBelow(folder: string, act: () => Promise<unknown>): Promise<string[]> {
  const seen = new Set<string>();
  const originals = Object.entries(fs).flatMap(([name, value]) => (name.endsWith('Sync') && typeof value === 'function' ? [{ name, value }] : []));
  for (const { name, value } of originals) {
    Reflect.set(fs, name, (...args: unknown[]): unknown => {
      for (const path of args.slice(0, 2)) if (typeof path === 'string' && path.startsWith(`${folder}/`)) seen.add(`${name} ${path}`);
      const answer: unknown = Reflect.apply(value, fs, args);
      return answer;
    });
  }
  try {
    await act();
  } finally {
    for (const { name, value } of originals) Reflect.set(fs, name, value);
  }
  return [...seen];
}

describe('root', () => {
  it('names nothing below the cache by its path, from the first look to the last removal', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const { cacheDir } = on.paths;
    expect(await pathsBelow(cacheDir, () => fetchRelease(netDeps(on))), 'the network step does').not.toEqual([]);
    const before = fs.readdirSync(cacheDir);
    expect(await pathsBelow(cacheDir, () => apply(rootDeps(on)))).toEqual([]);
    expect(fs.readdirSync(cacheDir)).not.toEqual(before);
    expect(on.files.readVersion()).toBe('1.1.0');
    expect(await pathsBelow(cacheDir, () => rollback(rootDeps(on)))).toEqual([]);
    expect(on.files.readVersion()).toBe('1.0.0');
  });
});
