/** A site that pikit-release signed, read by a client that is not ours: tuf-js's own Updater, with its defaults. */
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foreignDownload, signedBench } from '../../../helpers/signed-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

function trust(site: string): string {
  const folder = join(dir(), 'client');
  fs.mkdirSync(folder, { recursive: true });
  fs.copyFileSync(join(site, 'tuf/1.root.json'), join(folder, 'root.json'));
  return folder;
}

describe('the client of tuf-js', () => {
  it('downloads the manifest of a signed site, and that of its next release', async () => {
    const { site, done } = await signedBench(dir(), '', new Date());
    const folder = trust(site);
    expect(await foreignDownload(site, folder, 'manifest.json')).toBe(fs.readFileSync(join(site, 'manifest.json'), 'utf8'));
    expect(await foreignDownload(site, folder, 'branches.json')).toBe('[]\n');
    await done('build --site SITE --from BASE/tree --version 1.1.0');
    expect(JSON.parse(await foreignDownload(site, folder, 'manifest.json'))).toMatchObject({ version: '1.1.0' });
    expect(JSON.parse(await foreignDownload(site, folder, 'releases.json'))).toMatchObject({
      releases: [{ version: '1.1.0' }, { version: '1.0.0' }],
    });
  });

  it('takes no other bytes', async () => {
    const { site } = await signedBench(dir(), '', new Date());
    const folder = trust(site);
    const [copy = ''] = fs.readdirSync(join(site, 'tuf/targets')).filter((name) => name.endsWith('.manifest.json'));
    fs.appendFileSync(join(site, 'tuf/targets', copy), ' ');
    await expect(foreignDownload(site, folder, 'manifest.json')).rejects.toThrow();
  });
});
