import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newDevice, readAsDevice, signedBench } from '../../../helpers/signed-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

describe('init --from', () => {
  it('goes on where a signed site is published, with its keys', async () => {
    const { site, done } = await signedBench(dir());
    await done('branch add nightly --new-key --site SITE');
    await done('build --site SITE --from BASE/tree --version 1.1.0-n.1 --branch nightly');
    await done('key rotate targets --site SITE');
    await done('publish --site SITE --to BASE/public');
    const device = readAsDevice(site, newDevice(site)).seen;
    fs.rmSync(site, { recursive: true });
    const told = await done('init --site SITE --from BASE/public --trust BASE/public/tuf/1.root.json');
    expect(told).toMatch(
      /^created the signed site .*\n {2}stable {2}1\.0\.0 .*\n {2}nightly .*\nsigned by root 2, of these keys: compare them with yours\n {2}SHA256:/,
    );
    await done('build --site SITE --from BASE/tree --version 1.2.0');
    await done('verify --site SITE');
    await done('publish --site SITE --to BASE/public');
    expect(readAsDevice(join(dir(), 'public'), device).offers).toEqual({ 'manifest.json': '1.2.0', 'manifest_nightly.json': '1.1.0-n.1' });
  });

  it.each<[string, (to: string) => void, RegExp]>([
    [
      'another-root',
      (to) => {
        fs.rmSync(join(to, 'tuf/timestamp.json'));
      },
      /a root is trusted, and what is published is not signed/,
    ],
    [
      'changed-document',
      (to) => {
        change(to, '.manifest.json');
      },
      /sha256 of the published 'manifest\.json' mismatch/,
    ],
    [
      'changed-metadata',
      (to) => {
        fs.appendFileSync(join(to, 'tuf/2.targets.json'), ' ');
      },
      /'targets\.json' is not the one that is named/,
    ],
    [
      'no-roots',
      (to) => {
        fs.rmSync(join(to, 'tuf/1.root.json'));
      },
      /the chain of roots has no beginning/,
    ],
  ])('refuses %s, and makes no site', async (_name, spoil, says) => {
    const { done, run } = await signedBench(dir());
    await done('publish --site SITE --to BASE/public');
    spoil(join(dir(), 'public'));
    const ran = await run('init --site BASE/new --from BASE/public --trust SITE/tuf/1.root.json');
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.err).toMatch(says);
    expect(fs.readdirSync(dir()).filter((name) => name.startsWith('new'))).toEqual([]);
  });
});

function change(to: string, end: string): void {
  const [name = ''] = fs.readdirSync(join(to, 'tuf/targets')).filter((one) => one.endsWith(end));
  fs.appendFileSync(join(to, 'tuf/targets', name), ' ');
}
