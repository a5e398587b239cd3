/**
 * Root installs while the user of the network steps exchanges folders of what it has staged for links to a folder of root's. What
 * root then reads must be the user's own bytes, and no byte of root's may come to where anybody else can read it.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../lib/core/errors.ts';
import { Manifest } from '../../lib/core/release/manifest.ts';
import { apply } from '../../lib/steps/apply.ts';
import { sha256Of } from '../../lib/core/digest.ts';
import { fetchRelease } from '../../lib/steps/fetch.ts';
import { rollback } from '../../lib/steps/rollback.ts';
import type { Device } from '../helpers/device.ts';
import { netDeps, rootDeps } from '../helpers/device.ts';
import { UPDATER, swapping, watching } from '../helpers/other-users.ts';
import { onSite } from '../unit/steps/published.ts';

const ROUNDS = 200;
const SECRET = 'root:$y$j9T$secret-of-this-device';
/** As long: what is only as long as it has to be has to be found by its digest. */
const DECOY = 'harmless'.padEnd(SECRET.length, '.');
const ASSETS = '/var/www/pikit-web/assets';

/** What can be swapped, and the folder that a link in its place leads to. */
const SWAPPED: readonly [string, string][] = [
  ['tree/pikit-web/assets', 'elsewhere/tree/pikit-web/assets'],
  ['tree/pikit-web', 'elsewhere/tree/pikit-web'],
  ['tree', 'elsewhere/tree'],
];

/** A device with the release staged, as a template; its assets have a file more, which root has as well, elsewhere. */
async function staging(inside: string, target: string): Promise<{ on: Device; stage: (sha256: string) => void }> {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  await fetchRelease(netDeps(on));
  const staged = on.files.readStaged();
  if (staged === null) throw new Error('nothing is staged');
  const template = on.at('/template');
  fs.renameSync(`${on.paths.cacheDir}/1.1.0`, template);
  fs.cpSync(`${template}/tree`, on.at('/elsewhere/tree'), { recursive: true });
  fs.writeFileSync(on.at('/elsewhere/tree/pikit-web/assets/api-token'), SECRET, { mode: 0o600 });
  fs.writeFileSync(`${template}/tree/pikit-web/assets/api-token`, DECOY);
  fs.symlinkSync(on.at(`/${target}`), `${template}/${inside}.link`);
  const { files, ...rest } = Manifest.parse(JSON.parse(fs.readFileSync(`${template}/manifest.json`, 'utf8')));
  execFileSync('chown', ['-R', '--no-dereference', `${String(UPDATER)}:${String(UPDATER)}`, template, on.paths.cacheDir, on.paths.stateDir]);
  fs.chmodSync(on.root, 0o755);
  const stage = (sha256: string): void => {
    const text = JSON.stringify({ ...rest, post_install: [], files: [...files, { path: 'pikit-web/assets/api-token', sha256 }] });
    fs.writeFileSync(`${template}/manifest.json`, text);
    execFileSync('cp', ['-a', template, `${on.paths.cacheDir}/1.1.0`]);
    on.files.writeStaged({ ...staged, manifest_sha256: sha256Of(Buffer.from(text)) });
  };
  return { on, stage };
}

describe('a staged folder that is a link half of the time', () => {
  it.each(SWAPPED)(`gives no user a byte of root's, in ${String(ROUNDS)} rounds: %s`, async (inside, target) => {
    const { on, stage } = await staging(inside, target);
    const old = on.tree(['/var/www', '/usr/local', '/etc']);
    const swapper = await swapping(`${on.paths.cacheDir}/1.1.0/${inside}`, `${on.paths.cacheDir}/1.1.0/${inside}.link`);
    const watcher = await watching(SECRET, [on.at(ASSETS), on.at('/var/www/pikit-web')]);
    const counts: Record<string, number> = {};
    for (let round = 0; round < ROUNDS; round += 1) {
      stage(sha256Of(Buffer.from(round % 2 === 0 ? DECOY : SECRET)));
      const outcome = await apply(rootDeps(on)).then(
        ({ outcome: ended }) => ended,
        (error: unknown) => (error instanceof UpdateError ? error.code : String(error)),
      );
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      expect(fs.existsSync(on.paths.journal), outcome).toBe(false);
      if (outcome === 'ok') {
        expect(on.read(`${ASSETS}/api-token`)).toBe(DECOY);
        await rollback(rootDeps(on));
      }
      expect(on.tree(['/var/www', '/usr/local', '/etc']), outcome).toEqual(old);
      expect(fs.readdirSync(on.at('/elsewhere/tree/pikit-web/assets')).toSorted()).toEqual(['api-token', 'app.js']);
      expect(fs.readdirSync(on.paths.cacheDir).filter((name) => name !== 'source' && !name.startsWith('.swept-'))).toEqual([]);
    }
    console.log(`${inside}: ${JSON.stringify(counts)}, ${String(swapper.count())} exchanges, ${String(watcher.count())} looks`);
    expect(watcher.leaks()).toEqual([]);
    expect(Object.keys(counts).filter((name) => !['ok', 'STAGED_INVALID', 'DIGEST_MISMATCH'].includes(name))).toEqual([]);
    expect(swapper.count()).toBeGreaterThan(ROUNDS);
    expect(watcher.count()).toBeGreaterThan(ROUNDS);
  });
});
