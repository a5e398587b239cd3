import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeKey } from '../../../../lib/release/keys/key-folder.ts';
import type { ReleaseBench } from '../../../helpers/signed-site.ts';
import { PASSPHRASE, newDevice, readAsDevice, releaseBench } from '../../../helpers/signed-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const TEAM = ' --key BASE/ben/ben.pub.pem --key BASE/eva/eva.pub.pem';

interface Bench extends ReleaseBench {
  /** The environment of a person who has the key of another one as well. */
  with: (name: string) => { env: Record<string, string> };
}

function bench(): Bench {
  const on = releaseBench(dir());
  for (const name of ['ben', 'eva']) makeKey(join(dir(), name), name, null);
  return {
    ...on,
    with: (name) => ({ env: { PIKIT_KEY_PASSPHRASE: PASSPHRASE, PIKIT_KEYS: fs.readFileSync(join(dir(), name, `${name}.pem`), 'utf8') } }),
  };
}

describe('a site of a team', () => {
  it('needs two of three for root and targets from its first day', async () => {
    const on = bench();
    const said = await on.done(`init --site SITE${TEAM} --threshold 2`, on.with('ben'));
    expect(said).toContain('root and targets need 2 of 3 keys\n');
    expect(await on.done('key list --site SITE')).toMatch(
      /^root: 2 of 3 keys.*(?:\n {2}.*){3}\ntargets: 2 of 3 keys.*(?:\n {2}.*){3}\nsnapshot: 1 of 1 key/,
    );
    const build = 'build --site SITE --from BASE/tree --version 1.0.0';
    expect((await on.run(build)).err).toMatch(/^error: 'targets' has to be signed by 2 keys of .*, and only 1 of them signed or is at hand/);
    await on.done(build, on.with('eva'));
    expect(readAsDevice(on.site, newDevice(on.site)).offers).toEqual({ 'manifest.json': '1.0.0' });
    expect(await on.done('verify --site SITE')).toMatch(/is in order/);
  });

  it('lets any of them sign without a threshold', async () => {
    const on = bench();
    expect(await on.done(`init --site SITE${TEAM}`)).toContain('root and targets need 1 of 3 keys\n');
    await on.done('build --site SITE --from BASE/tree --version 1.0.0');
    expect(readAsDevice(on.site, newDevice(on.site)).offers).toEqual({ 'manifest.json': '1.0.0' });
  });
});

describe('a threshold', () => {
  it.each([
    [
      'of more keys than there are',
      `${TEAM} --threshold 4`,
      2,
      /^error: --threshold 4 cannot be met: root and targets have 3 keys, your own included\nhint: .*1 to 3/,
    ],
    [
      'of more keys than are here',
      `${TEAM} --threshold 2`,
      1,
      /^error: --threshold 2 cannot be met here: of the 3 keys of root and targets, 1 can sign now\nhint: .*PIKIT_KEYS.*key add/,
    ],
    ['without keys', ' --threshold 2', 2, /^error: --threshold is of the keys of --key/],
    ['that is no number', `${TEAM} --threshold two`, 2, /^error: --threshold 'two'/],
    ['of an unsigned site', `${TEAM} --unsigned`, 2, /^error: --key is of a new signed site: leave --unsigned out/],
    ['of a key that is given twice', ' --key BASE/ben/ben.pub.pem --key BASE/ben/ben.pub.pem', 1, /^error: the key SHA256:\S+ is given twice/],
    ['of a key that is none', ' --key BASE/tree/pikit-api.py', 1, /^error: .* is not a public key/],
  ])('%s is refused, and nothing is made', async (_name, options, exit, message) => {
    const on = bench();
    const { code, err } = await on.run(`init --site SITE${options}`);
    expect([code, err]).toEqual([exit, expect.stringMatching(message)]);
    expect([fs.existsSync(on.site), fs.existsSync(on.keys)]).toEqual([false, false]);
  });
});
