import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ReleaseBench } from '../../../helpers/signed-site.ts';
import { signedBench } from '../../../helpers/signed-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

/** A signed site, and the root that devices were given on its first day. */
async function bench(): Promise<ReleaseBench & { root: string }> {
  const made = await signedBench(dir());
  const root = join(dir(), 'given.json');
  fs.copyFileSync(join(made.site, 'tuf/root.json'), root);
  return { ...made, root };
}

it('follows the roots of the site from an old one', async () => {
  const { done } = await bench();
  expect(await done('verify --site SITE --trust BASE/given.json')).toMatch(/a device that trusts root 1 takes it\n$/);
  await done('key rotate root --site SITE');
  await done('key rotate targets --site SITE');
  expect(await done('verify --site SITE --trust BASE/given.json')).toMatch(/a device that trusts root 1 takes it, and comes to root 3\n$/);
  expect(JSON.parse(await done('verify --site SITE --trust BASE/given.json --json'))).toMatchObject({ ok: true, device: { given: 1, newest: 3 } });
});

it('takes a root that is newer than those of a copy that is behind, as long as the keys are the same', async () => {
  const { site, done } = await bench();
  fs.cpSync(site, join(dir(), 'behind'), { recursive: true });
  await done('key add targets --new-key --site SITE');
  expect(await done('verify --site BASE/behind --trust SITE/tuf/root.json')).toMatch(/a device that trusts root 2 takes it\n$/);
});

it.each<[string, (on: ReleaseBench & { root: string }) => unknown, RegExp]>([
  [
    'that another root has signed',
    async ({ done }) => {
      await done('init --site BASE/other');
      fs.copyFileSync(join(dir(), 'other/tuf/root.json'), join(dir(), 'given.json'));
    },
    /^a device that trusts 'BASE\/given\.json' installs nothing: 'timestamp\.json' .* is signed by 0 of /m,
  ],
  [
    'with a root that the one before has not signed',
    async ({ site, done }) => {
      await done('init --site BASE/other');
      await done('key rotate root --site BASE/other');
      fs.copyFileSync(join(dir(), 'other/tuf/2.root.json'), join(site, 'tuf/2.root.json'));
    },
    /installs nothing: '2\.root\.json' .* is signed by 0 of the keys of the root before/,
  ],
  [
    'without a timestamp',
    ({ site }) => {
      fs.rmSync(join(site, 'tuf/timestamp.json'));
    },
    /installs nothing: the source has no 'timestamp\.json'/,
  ],
  [
    'with a document that is not as it is signed',
    ({ site }) => {
      const [copy = ''] = fs.readdirSync(join(site, 'tuf/targets')).filter((name) => name.endsWith('.manifest.json'));
      fs.appendFileSync(join(site, 'tuf/targets', copy), ' ');
    },
    /^manifest\.json: a device that trusts 'BASE\/given\.json' does not take it: sha256 mismatch/m,
  ],
])('says what keeps a device from a site %s', async (_name, harm, expected) => {
  const on = await bench();
  await harm(on);
  const { code, out, err } = await on.run('verify --site SITE --trust BASE/given.json');
  expect([code, out]).toEqual([1, expect.stringMatching(expected)]);
  expect(err).toMatch(/^error: \d+ problems? in the site/m);
});

it('says when it expires for a device', async () => {
  const { run } = await bench();
  const { code, out } = await run('verify --site SITE --trust BASE/given.json', { now: new Date('2028-01-01T00:00:00Z') });
  expect([code, out]).toEqual([1, expect.stringMatching(/installs nothing: 'timestamp\.json' .* was valid until 2027-11-20/)]);
});

it.each([
  ['is no root', '{}', /error: 'BASE\/given\.json'/],
  ['is not there', null, /error: the root of trust 'BASE\/given\.json' cannot be read/],
])('refuses a file that %s', async (_name, text, message) => {
  const { run, root } = await bench();
  if (text === null) fs.rmSync(root);
  else fs.writeFileSync(root, text);
  const { code, err } = await run('verify --site SITE --trust BASE/given.json');
  expect([code, err]).toEqual([1, expect.stringMatching(message)]);
});
