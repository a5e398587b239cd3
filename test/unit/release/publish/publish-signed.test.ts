/** A signed site, brought to a folder: devices of that folder find the old or the new, whenever it ends. */
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishToFolder } from '../../../../lib/release/publish/publish-folder.ts';
import { manifestFiles } from '../../../../lib/release/site/site.ts';
import { runWithFault } from '../../../helpers/crash.ts';
import { newDevice, readAsDevice, signedBench } from '../../../helpers/signed-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

describe('publish', () => {
  it('brings signatures along, and clears what is out of date', async () => {
    const { site, done } = await signedBench(dir());
    await done('publish --site SITE --to BASE/to');
    const to = join(dir(), 'to');
    expect(readAsDevice(to, newDevice(site))).toMatchObject({ offers: { 'manifest.json': '1.0.0' } });
    for (const version of ['1.1.0', '1.2.0', '1.3.0', '1.4.0']) {
      await done(`build --site SITE --from BASE/tree --version ${version}`);
      await done('publish --site SITE --to BASE/to');
    }
    expect(fs.readdirSync(join(to, 'tuf')).toSorted()).toEqual(fs.readdirSync(join(site, 'tuf')).toSorted());
    expect(fs.readdirSync(join(to, 'tuf')).filter((name) => name.endsWith('targets.json'))).toEqual([
      '4.targets.json',
      '5.targets.json',
      '6.targets.json',
    ]);
    expect(await done('publish --site SITE --to BASE/to')).toMatch(/has all of it already/);
  });

  it('leaves devices the old or the new, wherever it is cut, and goes on', async () => {
    const { site, done } = await signedBench(dir());
    await done('publish --site SITE --to BASE/old');
    const device = readAsDevice(join(dir(), 'old'), newDevice(site)).seen;
    await done('build --site SITE --from BASE/tree --version 1.1.0');
    const publish = (to: string): void => {
      publishToFolder({
        site,
        documents: site,
        to,
        manifests: manifestFiles(site).map(({ name }) => name),
        branches: null,
        signal: new AbortController().signal,
        onDone: () => undefined,
      });
    };
    const offers = new Set<string | undefined>();
    for (let at = 1, isOver = false; !isOver; at += 1) {
      const to = join(dir(), 'to');
      fs.rmSync(to, { recursive: true, force: true });
      fs.cpSync(join(dir(), 'old'), to, { recursive: true });
      isOver = !runWithFault({ kind: 'die', at }, () => {
        publish(to);
      }).hit;
      offers.add(readAsDevice(to, device).offers['manifest.json']);
      publish(to);
      expect(readAsDevice(to, device).offers).toEqual({ 'manifest.json': '1.1.0' });
    }
    expect([...offers]).toEqual(['1.0.0', '1.1.0']);
  });

  it.each(['targets', 'online'])('serves devices between two roots, wherever it is cut: %s exchanged', async (role) => {
    const { site, done } = await signedBench(dir());
    await done('publish --site SITE --to BASE/old');
    const device = readAsDevice(join(dir(), 'old'), newDevice(site)).seen;
    await done(`key rotate ${role} --site SITE`);
    for (let at = 1, isOver = false; !isOver; at += 1) {
      const to = join(dir(), 'to');
      fs.rmSync(to, { recursive: true, force: true });
      fs.cpSync(join(dir(), 'old'), to, { recursive: true });
      const publication = { site, documents: site, to, manifests: ['manifest.json'], branches: null, onDone: () => undefined };
      isOver = !runWithFault({ kind: 'die', at }, () => {
        publishToFolder({ ...publication, signal: new AbortController().signal });
      }).hit;
      expect(readAsDevice(to, device).offers).toEqual({ 'manifest.json': '1.0.0' });
      expect(readAsDevice(to, newDevice(site)).offers).toEqual({ 'manifest.json': '1.0.0' });
    }
  });

  it('refuses to go behind what is published, another chain of keys, and a part of it', async () => {
    const { site, done, run } = await signedBench(dir());
    fs.cpSync(site, join(dir(), 'copy'), { recursive: true });
    await done('build --site SITE --from BASE/tree --version 1.1.0');
    await done('publish --site SITE --to BASE/to');
    expect(await run('publish --site BASE/copy --to BASE/to --keys KEYS')).toMatchObject({ code: 2 });
    const { err } = await run('publish --site BASE/copy --to BASE/to');
    expect(err).toMatch(/has 'tuf\/targets\.json' in version 3, and this site has version 2\nhint: .*init --from/);
    expect(err).not.toContain('publish --branch');
    await done('init --site BASE/other --keys BASE/other-keys');
    await done('build --site BASE/other --from BASE/tree --version 2.0.0 --keys BASE/other-keys');
    expect((await run('publish --site BASE/other --to BASE/to')).err).toMatch(/has another 'tuf\/1\.root\.json' than this site/);
    await done('init --site BASE/plain --unsigned');
    await done('build --site BASE/plain --from BASE/tree --version 2.0.0');
    expect((await run('publish --site BASE/plain --to BASE/to')).err).toMatch(/is a signed site: unsigned releases do not belong there/);
    expect(await run('publish --site SITE --to BASE/to --branch stable')).toMatchObject({ code: 2 });
  });

  it('refuses what was signed apart from what is published, although its timestamp is later', async () => {
    const { site, done, run } = await signedBench(dir());
    fs.cpSync(site, join(dir(), 'copy'), { recursive: true });
    await done('build --site SITE --from BASE/tree --version 1.1.0');
    await done('publish --site SITE --to BASE/to');
    await done('build --site BASE/copy --from BASE/tree --version 1.2.0 --keys KEYS');
    for (let n = 0; n < 3; n += 1) await done('refresh --site BASE/copy --keys KEYS');
    expect((await run('publish --site BASE/copy --to BASE/to')).err).toMatch(
      /has another 'tuf\/3\.targets\.json' than this site under the same version 3: both were signed apart/,
    );
  });
});
