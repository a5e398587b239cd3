import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { runPikitRelease } from '../../../../lib/release/cli/cli.ts';
import type { PublishOptions, PublishReport } from '../../../../lib/release/publish/publish-site.ts';
import { publishSite } from '../../../../lib/release/publish/publish-site.ts';
import type { BranchSite } from '../../../helpers/branch-site.ts';
import { branchSite } from '../../../helpers/branch-site.ts';
import { matching } from '../../../helpers/matchers.ts';
import { snapshot, writeTree } from '../../../helpers/site-builder.ts';
import { useTempDir } from '../../../helpers/temp.ts';

// What a repository on Gitea gets is in publish-gitea.test.ts, what a folder gets in publish-folder.test.ts.
const dir = useTempDir();
let site: BranchSite;
beforeEach(async () => {
  site = branchSite(dir());
  await site.build('1.0.0');
  await site.build('1.1.0-beta.1', 'beta');
  site.list('beta');
});

function publish(options: Partial<PublishOptions> = {}): Promise<PublishReport> {
  const signal = new AbortController().signal;
  return publishSite({
    site: site.dir,
    to: join(dir(), 'to'),
    branches: [],
    token: null,
    verify: false,
    signal,
    onDone: () => undefined,
    ...options,
  });
}

describe('publishSite', () => {
  it('says what is published, what it did, and what is strange', async () => {
    writeTree(join(dir(), 'to'), { 'manifest_old.json': '{}' });
    const report = await publish();
    expect(report).toMatchObject({
      branches: [
        { branch: 'stable', version: '1.0.0' },
        { branch: 'beta', version: '1.1.0-beta.1' },
      ],
      notices: [`'${dir()}/to/manifest_old.json' is not of this site, and was left there`],
    });
    expect(report.done).toHaveLength(2 * (1 + 4) + 2 * 3 + 2);
    expect((await publish()).done).toEqual([]);
  });

  it('publishes nothing of a site that is not in order', async () => {
    fs.truncateSync(join(site.dir, 'bundles/pikit-1.0.0.tar.gz'), 100);
    await expect(publish()).rejects.toMatchObject({
      code: 'SITE_INVALID',
      message: matching('is not in order: bundles/pikit-1.0.0.tar.gz'),
      hint: matching('nothing was'),
    });
    expect(fs.existsSync(join(dir(), 'to'))).toBe(false);
  });

  it.each<[string, Partial<PublishOptions>, string]>([
    ['github', { to: 'gitea:https://github.com/o/r', token: 'x' }, 'is on GitHub, from where devices can read'],
    ['no-repository', { to: 'gitea:https://x.org/o', token: 'x' }, 'does not name a repository'],
    ['no-token', { to: 'gitea:https://x.org/o/r' }, 'needs a token'],
    ['no-such-branch', { branches: ['nightly'] }, "no release on the branch 'nightly'"],
  ])('refuses: %s', async (_name, options, message) => {
    const before = snapshot(dir());
    await expect(publish(options)).rejects.toMatchObject({ code: 'USAGE', message: matching(message) });
    expect(snapshot(dir())).toEqual(before);
  });
});

it('on the command line: each file, and the sum of it', async () => {
  const run = async (line: string): Promise<string> => {
    let text = '';
    const out = (more: string): void => {
      text += more;
    };
    const code = await runPikitRelease(line.split(' '), {
      version: '0',
      env: {},
      now: new Date(),
      signal: new AbortController().signal,
      out,
      err: out,
    });
    return `${String(code)}\n${text.replaceAll(dir(), 'BASE')}`;
  };
  const line = `publish --site ${site.dir} --to ${join(dir(), 'to')} --branch stable`;
  expect(await run(line)).toBe(
    [
      '0',
      'copied bundles/pikit-1.0.0.tar.gz',
      'copied bundles/pikit-1.1.0-beta.1.tar.gz',
      'copied manifests/stable/1.0.0.json',
      'copied files/stable/api/pikit-api.py',
      'copied files/stable/helpers/helpers/pikit-hello',
      'copied files/stable/web/pikit-web/assets/app.js',
      'copied files/stable/web/pikit-web/index.html',
      'copied releases.json',
      'copied manifest.json',
      'copied branches.json',
      "'BASE/to' is up to date: stable 1.0.0\n",
    ].join('\n'),
  );
  expect(await run(line)).toBe("0\n'BASE/to' has all of it already: stable 1.0.0\n");
  expect(JSON.parse((await run(`${line} --json`)).slice(2))).toEqual({
    to: 'BASE/to',
    branches: [{ branch: 'stable', version: '1.0.0' }],
    done: [],
    notices: [],
  });
});
