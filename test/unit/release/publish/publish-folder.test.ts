import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { addBranch, editBranches } from '../../../../lib/release/site/site-branches.ts';
import type { FolderPublication } from '../../../../lib/release/publish/publish-folder.ts';
import { foreignManifests, publishToFolder } from '../../../../lib/release/publish/publish-folder.ts';
import { verifySite } from '../../../../lib/release/verify/verify.ts';
import type { BranchSite } from '../../../helpers/branch-site.ts';
import { branchSite } from '../../../helpers/branch-site.ts';
import { bundledScript } from '../../../helpers/bundled-script.ts';
import { release, snapshot, writeTree } from '../../../helpers/site-builder.ts';
import { matching } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
let site: BranchSite;
let done: string[] = [];
beforeEach(async () => {
  site = branchSite(dir());
  await site.build('1.0.0');
  done = [];
});

function publication(given: Partial<FolderPublication> = {}): FolderPublication {
  const signal = new AbortController().signal;
  const onDone = (what: string): void => {
    done.push(what);
  };
  return { site: site.dir, documents: site.dir, to: join(dir(), 'to/deep'), manifests: ['manifest.json'], branches: null, signal, onDone, ...given };
}

const all = (): Partial<FolderPublication> => ({ manifests: ['manifest.json', 'manifest_beta.json'] });

const filesOf = (branch: string): string[] =>
  ['api/pikit-api.py', 'helpers/helpers/pikit-hello', 'web/pikit-web/assets/app.js', 'web/pikit-web/index.html'].map(
    (path) => `files/${branch}/${path}`,
  );

describe('publishToFolder', () => {
  it('copies what manifests name, then the manifests, then the list; and nothing the second time', async () => {
    await site.build('1.1.0', 'beta');
    site.list('beta');
    const unfinished = { 'bundles/left.tar.gz.tmp': 'x', 'files/.pikit-0badcafe.tmp/a.js': 'x' };
    writeTree(site.dir, { 'patches/x': 'p', 'notes.txt': 'mine', ...unfinished });
    publishToFolder(publication(all()));
    const order = [
      'bundles/pikit-1.0.0.tar.gz',
      'bundles/pikit-1.1.0.tar.gz',
      'manifests/beta/1.1.0.json',
      'manifests/stable/1.0.0.json',
      ...filesOf('beta'),
      ...filesOf('stable'),
      'patches/x',
      'releases.json',
      'releases_beta.json',
      'manifest.json',
      'manifest_beta.json',
    ];
    expect(done).toEqual([...order, 'branches.json', 'branches_sequence.json'].map((path) => `copied ${path}`));
    expect((await verifySite(join(dir(), 'to/deep'))).problems).toEqual([]);
    const before = snapshot(join(dir(), 'to'));
    done = [];
    publishToFolder(publication(all()));
    expect(done).toEqual([]);
    expect(snapshot(join(dir(), 'to'))).toEqual(before);
  });

  it('copies of a branch only what is of it', async () => {
    await site.build('1.1.0', 'beta');
    writeTree(site.dir, { 'files/beta/web/a.js': 'a', 'files/stable/web/a.js': 'a', 'patches/stable/x': 'p' });
    publishToFolder(publication({ manifests: ['manifest_beta.json'], branches: ['beta'] }));
    expect(done).toContain('copied files/beta/web/a.js');
    expect(done.filter((what) => /manifests|releases/.test(what))).toEqual(['copied manifests/beta/1.1.0.json', 'copied releases_beta.json']);
    expect(done.filter((what) => what.includes('stable') || what.endsWith('manifest.json'))).toEqual([]);
  });

  it('removes only what a branch no longer has, replaces what changed, and completes what was left half', async () => {
    publishToFolder(publication());
    const to = join(dir(), 'to/deep');
    writeTree(to, {
      'files/stable/web/pikit-web/old.js': 'x',
      'theirs.txt': 'x',
      'manifest_old.json': '{}',
      'manifest.json.publish.tmp': 'half',
      'bundles/pikit-1.1.0.tar.gz.publish.tmp': 'half',
    });
    await site.build('1.1.0');
    publishToFolder(publication());
    expect(fs.readdirSync(to).toSorted()).toEqual([
      'branches.json',
      'bundles',
      'files',
      'manifest.json',
      'manifest_old.json',
      'manifests',
      'releases.json',
      'theirs.txt',
    ]);
    expect(fs.readdirSync(join(to, 'files/stable/web/pikit-web')).toSorted()).toEqual(['assets', 'index.html']);
    expect(fs.readdirSync(join(to, 'bundles'))).toEqual(['pikit-1.0.0.tar.gz', 'pikit-1.1.0.tar.gz']);
    expect(fs.readFileSync(join(to, 'manifest.json'))).toEqual(fs.readFileSync(join(site.dir, 'manifest.json')));
    expect(foreignManifests(site.dir, to)).toEqual(['manifest_old.json']);
  });

  it('publishes a path that turns from a file into a folder, and back, after the manifest', async () => {
    const turn = async (version: string, files: Record<string, string>): Promise<void> => {
      await release({ site: site.dir, from: writeTree(join(dir(), `turn-${version}`), { 'pikit-web/index.html': version, ...files }), version });
      done = [];
      publishToFolder(publication());
    };
    const to = join(dir(), 'to/deep');
    const order = (path: string): number[] => ['manifest.json', `files/stable/web/pikit-web/${path}`].map((name) => done.indexOf(`copied ${name}`));
    await turn('1.1.0', { 'pikit-web/a': 'file', 'pikit-web/b/c/d': 'deep' });
    await turn('1.2.0', { 'pikit-web/a/x/y': 'deep', 'pikit-web/b': 'file' });
    for (const path of ['a/x/y', 'b']) expect(order(path), path).toEqual(order(path).toSorted((one, other) => one - other));
    expect(order('b')).not.toContain(-1);
    expect((await verifySite(to)).problems).toEqual([]);
    await turn('1.3.0', { 'pikit-web/a': 'file', 'pikit-web/b/c/d': 'deep' });
    expect((await verifySite(to)).problems).toEqual([]);
    await turn('1.4.0', {});
    expect((await verifySite(to)).problems).toEqual([]);
    expect(fs.readdirSync(join(to, 'files/stable/web/pikit-web'))).toEqual(['index.html']);
  });

  it('does not go back to an old copy of the site', async () => {
    const copy = join(dir(), 'copy');
    fs.cpSync(site.dir, copy, { recursive: true });
    await site.build('1.1.0');
    publishToFolder(publication());
    const before = snapshot(join(dir(), 'to'));
    expect(() => {
      publishToFolder(publication({ site: copy, documents: copy }));
    }).toThrow(
      expect.objectContaining({
        code: 'VERSION_NOT_NEWER',
        message: `'${dir()}/to/deep' has 1.1.0 on the branch 'stable' (sequence 2), this site has 1.0.0 (sequence 1): what is there is newer`,
        hint: matching(`pikit-release init --from ${dir()}/to/deep --site NEW`),
      }),
    );
    await release({ site: copy, from: writeTree(join(dir(), 'apart'), { 'pikit-web/x': 'apart' }), version: '1.2.0' });
    expect(() => {
      publishToFolder(publication({ site: copy, documents: copy }));
    }).toThrow(expect.objectContaining({ code: 'VERSION_NOT_NEWER', message: matching('both were made independently') }));
    expect(snapshot(join(dir(), 'to'))).toEqual(before);
  });

  it('changes in the list only what it was asked for, and undoes nothing that another copy has published', async () => {
    await site.build('1.1.0', 'beta');
    await site.build('1.2.0', 'nightly');
    const copy = join(dir(), 'copy');
    fs.cpSync(site.dir, copy, { recursive: true });
    const to = join(dir(), 'to/deep');
    const published = (): unknown => JSON.parse(fs.readFileSync(join(to, 'branches.json'), 'utf8'));
    const every = { manifests: ['manifest.json', 'manifest_beta.json', 'manifest_nightly.json'] };
    const only = (branch: string): Partial<FolderPublication> => ({ manifests: [`manifest_${branch}.json`], branches: [branch] });
    publishToFolder(publication(every));
    editBranches(site.dir, ['nightly'], { enabled: false });
    editBranches(copy, ['beta'], { display_name: 'Βήτα' });
    addBranch(copy, 'more', {});
    publishToFolder(publication({ ...only('nightly') }));
    publishToFolder(publication({ ...only('beta'), site: copy, documents: copy }));
    expect(published()).toMatchObject([
      { name: 'beta', display_name: 'Βήτα' },
      { name: 'nightly', enabled: false },
    ]);
    const before = snapshot(to);
    for (const [from, given] of [
      [copy, only('nightly')] as const,
      [copy, every] as const,
      [site.dir, every] as const,
      [site.dir, only('beta')] as const,
    ]) {
      expect(() => {
        publishToFolder(publication({ ...given, site: from, documents: from }));
      }).toThrow(expect.objectContaining({ code: 'VERSION_NOT_NEWER', message: matching('entry of the branch') }));
    }
    expect(snapshot(to)).toEqual(before);
  });

  it('goes on where it was stopped while a path turned', async () => {
    const to = join(dir(), 'to/deep');
    await release({ site: site.dir, from: writeTree(join(dir(), 'a'), { 'pikit-web/a/b': 'x', 'pikit-web/c': 'x' }), version: '1.1.0' });
    publishToFolder(publication());
    await release({ site: site.dir, from: writeTree(join(dir(), 'b'), { 'pikit-web/a': 'x', 'pikit-web/c/d': 'x' }), version: '1.2.0' });
    const manifest = (): string => fs.readFileSync(join(to, 'manifest.json'), 'utf8');
    const old = manifest();
    while (manifest() === old) {
      expect(fs.existsSync(join(to, 'files/stable/web/pikit-web/a/b'))).toBe(true);
      const cancel = new AbortController();
      const onDone = (): void => {
        cancel.abort();
      };
      expect(() => {
        publishToFolder(publication({ signal: cancel.signal, onDone }));
      }).toThrow(expect.objectContaining({ code: 'CANCELLED' }));
    }
    publishToFolder(publication());
    expect((await verifySite(to)).problems).toEqual([]);
  });

  it.each([['./site/'], ['site/../site'], ['./site']])('takes a site as people write it: %s', (written) => {
    const cwd = process.cwd();
    process.chdir(dir());
    try {
      publishToFolder(publication({ site: written, to: './to/' }));
    } finally {
      process.chdir(cwd);
    }
    expect(done).toEqual([
      'copied bundles/pikit-1.0.0.tar.gz',
      'copied manifests/stable/1.0.0.json',
      ...filesOf('stable').map((path) => `copied ${path}`),
      'copied releases.json',
      'copied manifest.json',
      'copied branches.json',
    ]);
    expect(fs.existsSync(join(dir(), 'to/bundles/pikit-1.0.0.tar.gz'))).toBe(true);
  });

  it('does not change a bundle under its name', () => {
    writeTree(join(dir(), 'to/deep'), { 'bundles/pikit-1.0.0.tar.gz': 'other' });
    expect(() => {
      publishToFolder(publication());
    }).toThrow(expect.objectContaining({ code: 'RELEASE_CHANGED', message: matching('is there already, with other content') }));
    expect(fs.readdirSync(join(dir(), 'to/deep'))).toEqual(['bundles']);
  });

  it('leaves signed sites alone', () => {
    fs.mkdirSync(join(dir(), 'to/deep/tuf'), { recursive: true });
    expect(() => {
      publishToFolder(publication());
    }).toThrow(expect.objectContaining({ code: 'SITE_INVALID' }));
  });

  it.each([['site'], ['site/x'], ['.']])('does not publish a site into itself: %s', (to) => {
    expect(() => {
      publishToFolder(publication({ to: join(dir(), to) }));
    }).toThrow(expect.objectContaining({ code: 'USAGE', message: matching('one inside the other') }));
  });

  it('stops between two files when it is cancelled', () => {
    const cancel = new AbortController();
    const onDone = (): void => {
      cancel.abort();
    };
    expect(() => {
      publishToFolder(publication({ signal: cancel.signal, onDone }));
    }).toThrow(expect.objectContaining({ code: 'CANCELLED' }));
    expect(fs.readdirSync(join(dir(), 'to/deep'))).toEqual(['bundles']);
  });
});

const hasStrace = spawnSync('strace', ['-V']).error === undefined;

describe.skipIf(!hasStrace)('killed at any file that is written (skipped where strace is not installed)', () => {
  it('leaves the old or the new, and the next run completes it', async () => {
    const to = join(dir(), 'to');
    publishToFolder(publication({ to }));
    const old = fs.readFileSync(join(to, 'manifest.json'));
    await site.build('1.1.0');
    fs.cpSync(to, join(dir(), 'before'), { recursive: true });
    const script = bundledScript(
      dir(),
      'publish',
      `import { publishToFolder } from './lib/release/publish/publish-folder.ts';
       publishToFolder({ site: process.argv[2], documents: process.argv[2], to: process.argv[3], manifests: ['manifest.json'], branches: null, signal: new AbortController().signal, onDone: () => undefined });`,
    );
    let cases = 0;
    for (const call of ['openat', 'write', 'fsync', 'rename']) {
      for (let n = 1; ; n += 1) {
        fs.rmSync(to, { recursive: true });
        fs.cpSync(join(dir(), 'before'), to, { recursive: true });
        const inject = `inject=${call}:signal=KILL:when=${String(n)}`;
        const { signal } = spawnSync('strace', [
          '-qq',
          '-o',
          '/dev/null',
          '-P',
          to,
          '-P',
          join(to, 'bundles'),
          ...paths(to),
          '-e',
          inject,
          process.execPath,
          script,
          site.dir,
          to,
        ]);
        const { problems } = await verifySite(to);
        // Single files are of the one or the other release, and known by their hash; a device that misses one takes the bundle.
        expect(problems.filter((problem) => !problem.includes('left by an interrupted run') && !problem.startsWith('files/'))).toEqual([]);
        const manifest = fs.readFileSync(join(to, 'manifest.json'));
        expect([old, fs.readFileSync(join(site.dir, 'manifest.json'))].some((bytes) => bytes.equals(manifest))).toBe(true);
        publishToFolder(publication({ to }));
        expect((await verifySite(to)).problems).toEqual([]);
        if (signal !== 'SIGKILL') break;
        cases += 1;
      }
    }
    expect(cases).toBeGreaterThanOrEqual(8);
  }, 300_000);
});

/** Only calls on these files count: what Node opens for itself does not matter. */
function paths(to: string): string[] {
  const names = ['bundles/pikit-1.1.0.tar.gz', 'manifest.json', 'branches.json'];
  return names.flatMap((name) => ['-P', join(to, name), '-P', join(to, `${name}.publish.tmp`)]);
}
