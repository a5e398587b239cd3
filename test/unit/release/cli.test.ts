import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runPikitRelease } from '../../../lib/release/cli.ts';
import { verifySite } from '../../../lib/release/verify.ts';
import { dashboard, snapshot, temporaryFolder, writeTree } from '../../helpers/site-builder.ts';
import { matching } from '../../helpers/matchers.ts';

let base = '';
beforeEach(() => {
  base = temporaryFolder('cli');
  writeTree(join(base, 'tree'), dashboard('one'));
});
afterEach(() => {
  fs.rmSync(base, { recursive: true });
});

async function run(line: string): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runPikitRelease(line.replaceAll('BASE', base).split(' '), {
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
    expect(await run('build --site BASE/site --from BASE/tree --version 1.0.0')).toEqual({
      code: 1,
      out: '',
      err: "error: 1.0.0 is not newer than 1.0.0, which the branch 'stable' has now\nhint: devices never go back by themselves: publish old content again under a newer version\n",
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
    expect(JSON.parse((await run('verify --json --site BASE/site')).out)).toMatchObject({ ok: true, problems: [], bundles: 1 });
    const failed = await run('build --json --site BASE/site --from BASE/tree --version x');
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.out)).toMatchObject({ error: { code: 'VERSION_INVALID', message: "'x' is not a semantic version" } });
  });

  it.each([
    ['init --site BASE/site', 2, /^error: signed sites are not supported.*\nhint: pass --unsigned/],
    ['build --site BASE/site', 2, /^error: --from is missing\n\nusage: /],
    ['promote 1.0.0 --site BASE/site', 2, /^error: 'promote' is not a command/],
    ['verify --site BASE/nothing', 1, /^error: 'BASE\/nothing' is not a site/],
  ])('%s exits with %i', async (line, code, err) => {
    const result = await run(line);
    expect(result).toMatchObject({ code, err: matching(err) });
    expect(fs.existsSync(join(base, 'site'))).toBe(false);
  });

  it('explains itself', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, out: matching(/^usage: pikit-release/), err: '' });
  });
});

describe('the program', () => {
  const program = (): string => {
    const outfile = join(base, 'pikit-release.mjs');
    const banner = { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" };
    buildSync({
      entryPoints: [new URL('../../../scripts/pikit-release.ts', import.meta.url).pathname],
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
      const watcher = fs.watch(join(base, 'site/bundles'), () => {
        watcher.close();
        resolve();
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
    const { problems } = await verifySite(join(base, 'site'));
    expect(problems).toEqual([matching(/^bundles\/pikit-1\.1\.0\.tar\.gz\.[0-9a-f]{8}\.tmp: it was left/)]);
    fs.rmSync(join(base, 'tree/pikit-web/big'));
    expect(await run('build --site BASE/site --from BASE/tree --version 1.1.0')).toMatchObject({ code: 0 });
  });

  it('leaves nothing when it is interrupted', async () => {
    const child = await halfBuilt();
    const before = snapshot(join(base, 'site')).filter((line) => !line.includes('.tmp '));
    let err = '';
    child.stderr?.on('data', (chunk: Buffer) => (err += String(chunk)));
    child.kill('SIGINT');
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
    expect(err).toBe('error: cancelled while writing the bundle\n');
    expect(snapshot(join(base, 'site'))).toEqual(before);
  });
});
