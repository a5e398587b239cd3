import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { beforeEach, describe, expect, it } from 'vitest';
import { runPikitRelease } from '../../../../lib/release/cli/cli.ts';
import { verifySite } from '../../../../lib/release/verify/verify.ts';
import { dashboard, snapshot, writeTree } from '../../../helpers/site-builder.ts';
import { matching } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
beforeEach(() => {
  base = folderOfTest('cli');
  writeTree(join(base, 'tree'), dashboard('one'));
});

async function run(line: string): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runPikitRelease(line.replaceAll('BASE', base).split(' '), {
    version: '9.9.9',
    env: {},
    now: new Date('2026-11-20T10:00:00Z'),
    signal: new AbortController().signal,
    out: (text) => (out += text),
    err: (text) => (err += text),
  });
  return { code, out: out.replaceAll(base, 'BASE'), err: err.replaceAll(base, 'BASE') };
}

describe('runPikitRelease', () => {
  it('tells the story of a site', async () => {
    expect(await run('init --site BASE/site --unsigned')).toEqual({ code: 0, out: "created the unsigned site 'BASE/site'\n", err: '' });
    fs.mkdirSync(join(base, 'tree/empty'));
    const built = await run('build --site BASE/site --from BASE/tree --version 1.0.0');
    expect(built).toMatchObject({ code: 0, err: "notice: 'empty' is empty and left out: a release consists of files\n" });
    expect(built.out).toMatch(
      /^published 1\.0\.0 on the branch 'stable' \(sequence 1\)\n {2}bundles\/pikit-1\.0\.0\.tar\.gz {2}\d+ B, 4 files\n {2}sha256 [0-9a-f]{64}\n$/,
    );
    expect(await run('build --site BASE/site --from BASE/tree --version 1.0.0')).toMatchObject({
      code: 0,
      out: matching(/^1\.0\.0 is there already, on the branch 'stable' \(sequence 1\)\n/),
    });
    expect(await run('build --site BASE/site --from BASE/tree --version 0.9.0')).toMatchObject({
      code: 1,
      out: '',
      err: matching(/^error: 0\.9\.0 is not newer than 1\.0\.0, which the branch 'stable' has now: its major number 0 is lower than 1\nhint: /m),
    });
    expect(await run('verify --site BASE/site')).toEqual({
      code: 0,
      out: "the site 'BASE/site' is in order: 1 branch with a release, 1 bundle\n  stable  1.0.0  sequence 1, 4 files, 112 B\n",
      err: '',
    });
    fs.rmSync(join(base, 'site/bundles/pikit-1.0.0.tar.gz'));
    expect(await run('verify --site BASE/site')).toEqual({
      code: 1,
      out: 'bundles/pikit-1.0.0.tar.gz (named by manifest.json): it is missing\n',
      err: "error: 1 problem in the site 'BASE/site'\n",
    });
  });

  it('speaks JSON', async () => {
    expect(JSON.parse((await run('init --json --site BASE/site --unsigned')).out)).toEqual({ site: 'BASE/site', signed: false });
    expect(JSON.parse((await run('build --json --site BASE/site --from BASE/tree --version 1.0.0')).out)).toMatchObject({
      version: '1.0.0',
      sequence: 1,
      notices: [],
    });
    expect(JSON.parse((await run('verify --json --site BASE/site')).out)).toMatchObject({
      ok: true,
      problems: [],
      bundles: 1,
      branches: [{ size_bytes: 112 }],
    });
    const failed = await run('build --json --site BASE/site --from BASE/tree --version x');
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.out)).toMatchObject({ error: { code: 'VERSION_INVALID', message: "'x' is not a semantic version" } });
  });

  it.each([
    [
      'init --site BASE/site',
      1,
      /^error: new keys are encrypted, and there is no terminal.*\nhint: put it into the environment as PIKIT_KEY_PASSPHRASE/,
    ],
    [
      'build --site BASE/site',
      2,
      /^error: --from is missing\nhint: give --from TREE: pikit-release build --site DIR --from TREE --version V \[OPTIONS\]\n$/,
    ],
    ['promote 1.0.0 --site BASE/site', 2, /^error: --from is missing\nhint: give --from NAME.*\n$/],
    [
      'biuld --site BASE/site',
      2,
      /^error: unknown command 'biuld'\nhint: did you mean 'build'\? commands are init, build, branch, promote, withdraw, publish, verify.*\n$/,
    ],
    ['verify --stie BASE/site', 2, /^error: unknown option '--stie'\nhint: did you mean '--site'\? `pikit-release verify` takes .*\n$/],
    ['branch bin', 2, /^error: unknown command 'branch bin'\nhint: `branch` takes list, add.*\n$/],
    ['branch add stable --site BASE/site', 2, /^error: 'stable' is built in.*\nhint: /],
    ['branch list --site BASE/nothing', 1, /^error: 'BASE\/nothing' is not a site/],
    ['verify --site BASE/nothing', 1, /^error: 'BASE\/nothing' is not a site/],
  ])('%s exits with %i', async (line, code, err) => {
    const result = await run(line);
    expect(result).toMatchObject({ code, err: matching(err) });
    expect(fs.existsSync(join(base, 'site'))).toBe(false);
  });

  it('tells the story of a branch', async () => {
    await run('init --site BASE/site --unsigned');
    await run('build --site BASE/site --from BASE/tree --version 1.0.0');
    expect(await run('branch add beta --site BASE/site --display-name Beta')).toEqual({
      code: 0,
      out: "added the branch 'beta': it has no release yet\n",
      err: '',
    });
    expect(await run('build --site BASE/site --from BASE/tree --version 1.1.0-beta.1 --branch bta')).toEqual({
      code: 1,
      out: '',
      err: "error: the site has no branch 'bta'\nhint: did you mean 'beta'? a new branch is added with: pikit-release branch add bta --site BASE/site\n",
    });
    expect(await run('branch disable beta --site BASE/site')).toMatchObject({
      out: "'beta' is disabled: its devices use stable until it is enabled again\n",
    });
    expect(await run('build --site BASE/site --from BASE/tree --version 1.1.0 --branch beta')).toMatchObject({
      code: 0,
      err: "notice: the branch 'beta' is disabled: its devices stay on stable until it is enabled\n",
    });
    expect(await run('branch list --site BASE/site')).toMatchObject({ out: 'stable  1.0.0  built in  Stable\nbeta    1.1.0  disabled  Beta\n' });
    expect(await run('branch enable beta --site BASE/site')).toMatchObject({ out: "'beta' is enabled: it offers 1.1.0\n" });
    expect(await run('branch enable beta --site BASE/site')).toMatchObject({ out: "'beta' is enabled: it offers 1.1.0 (as it was before)\n" });
    expect(await run('promote 1.1.0 --from beta --to stable --site BASE/site --rollout 10')).toEqual({
      code: 0,
      out: "promoted 1.1.0 from 'beta' to 'stable' (sequence 3)\n  bundles/pikit-1.1.0.tar.gz  the same bytes, 4 files, for 10% of all devices\n",
      err: '',
    });
    expect(await run('branch remove beta --site BASE/site')).toMatchObject({
      out: "removed the branch 'beta': its devices return to stable and show a notice\n",
    });
    expect(await run('verify --site BASE/site')).toMatchObject({ code: 0 });
  });

  it('speaks JSON about branches', async () => {
    await run('init --site BASE/site --unsigned');
    await run('build --site BASE/site --from BASE/tree --version 1.0.0');
    const branch = { name: 'test_1', enabled: true, visible: false, linux: true, macos: false, built_in: false, version: null };
    expect(JSON.parse((await run('branch add test_1 --hidden --not-on macos --json --site BASE/site')).out)).toMatchObject({
      verb: 'add',
      changed: ['test_1'],
      branches: [{ name: 'stable', built_in: true, version: '1.0.0', sequence: 1, released: '2026-11-20T10:00:00Z' }, branch],
    });
    expect(JSON.parse((await run('promote 1.0.0 --from stable --to test_1 --json --site BASE/site')).out)).toMatchObject({
      version: '1.0.0',
      branch: 'test_1',
      sequence: 2,
      already: false,
      rollout_percent: null,
      notices: [],
    });
    expect(JSON.parse((await run('branch list --json --site BASE/site')).out)).toMatchObject({
      branches: [{ name: 'stable' }, { name: 'test_1', version: '1.0.0', sequence: 2 }],
    });
    expect(JSON.parse((await run('branch hide tset_1 --json --site BASE/site')).out)).toMatchObject({
      error: { code: 'INPUT_REFUSED', message: "the site has no branch 'tset_1'" },
    });
  });

  it('explains itself', async () => {
    const { code, out, err } = await run('--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n').length).toBeLessThan(40);
    expect(await run('build --from x --help')).toMatchObject({ code: 0, out: matching(/^usage: pikit-release build --site DIR/), err: '' });
    expect(await run('branch --help')).toMatchObject({ code: 0, out: matching(/^usage: pikit-release branch COMMAND\n\n {2}branch list/) });
    expect(await run('--version')).toEqual({ code: 0, out: 'pikit-release 9.9.9\n', err: '' });
  });
});

describe('the program', () => {
  const program = (): string => {
    const outfile = join(base, 'pikit-release.mjs');
    const banner = { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" };
    buildSync({
      entryPoints: [new URL('../../../../scripts/pikit-release.ts', import.meta.url).pathname],
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner,
      outfile,
    });
    return outfile;
  };

  /** Starts a build that takes seconds, and resolves when its half bundle is there. */
  async function halfBuilt(): Promise<ReturnType<typeof spawn>> {
    await run('init --site BASE/site --unsigned');
    await run('build --site BASE/site --from BASE/tree --version 1.0.0');
    writeTree(join(base, 'tree'), { 'pikit-web/big': Buffer.alloc(300_000_000, 'pikit') });
    const args = [program(), 'build', '--site', join(base, 'site'), '--from', join(base, 'tree'), '--version', '1.1.0'];
    const seen = new Promise<void>((resolve) => {
      const bundles = join(base, 'site/bundles');
      const watcher = fs.watch(bundles, () => {
        const work = fs.readdirSync(bundles).find((name) => name.endsWith('.tmp'));
        if (work === undefined) return;
        watcher.close();
        const inner = fs.watch(join(bundles, work), begun);
        function begun(): void {
          if (!fs.existsSync(join(bundles, work ?? '', 'bundle'))) return;
          inner.close();
          resolve();
        }
        begun();
      });
    });
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    await seen;
    return child;
  }

  it('passes on exit codes', () => {
    expect(spawnSync(process.execPath, [program(), '--help']).status).toBe(0);
    expect(spawnSync(process.execPath, [program(), 'verify', '--site', base]).status).toBe(1);
    expect(spawnSync(process.execPath, [program()]).status).toBe(2);
  });

  it('leaves the old release when it is killed in the middle', async () => {
    const child = await halfBuilt();
    const before = fs.readFileSync(join(base, 'site/manifest.json'));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(fs.readFileSync(join(base, 'site/manifest.json'))).toEqual(before);
    const { problems, notices } = await verifySite(join(base, 'site'));
    expect(problems).toEqual([]);
    expect(notices).toEqual([
      matching(/^bundles\/pikit-1\.1\.0\.tar\.gz\.[0-9a-f]{8}\.tmp: it was left by an interrupted run: the next build removes it/),
    ]);
    fs.rmSync(join(base, 'tree/pikit-web/big'));
    expect(await run('build --site BASE/site --from BASE/tree --version 1.1.0')).toMatchObject({ code: 0 });
    expect(fs.readdirSync(join(base, 'site/bundles'))).toEqual(['pikit-1.0.0.tar.gz', 'pikit-1.1.0.tar.gz']);
  });

  it('lets others verify, publish and build meanwhile, and takes nothing from a running build', async () => {
    const child = await halfBuilt();
    child.kill('SIGSTOP');
    const { problems, notices } = await verifySite(join(base, 'site'));
    expect(problems).toEqual([]);
    expect(notices).toEqual([matching(/^bundles\/pikit-1\.1\.0\.tar\.gz\.[0-9a-f]{8}\.tmp: pikit-release is at work there/)]);
    expect(await run('publish --site BASE/site --to BASE/to')).toMatchObject({ code: 0 });
    writeTree(join(base, 'small'), { 'pikit-web/index.html': 'x' });
    expect(await run('build --site BASE/site --from BASE/small --version 1.0.1')).toMatchObject({ code: 0 });
    expect(fs.readdirSync(join(base, 'site/bundles')).filter((name) => name.endsWith('.tmp'))).toHaveLength(1);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
  });

  it('leaves nothing when it is interrupted', async () => {
    const child = await halfBuilt();
    const before = snapshot(join(base, 'site')).filter((line) => !/\.tmp[ /]/.test(line));
    let err = '';
    child.stderr?.on('data', (chunk: Buffer) => (err += String(chunk)));
    child.kill('SIGINT');
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
    expect(err).toBe('error: cancelled while writing the bundle\n');
    expect(snapshot(join(base, 'site'))).toEqual(before);
  });
});
