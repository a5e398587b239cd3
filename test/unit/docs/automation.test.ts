/** Runs the jobs of docs/automation.md, with servers, folders and a `gh` of this test in place of the real ones. */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { temporary } from '../../helpers/device.ts';
import { WRITER, giteaServer } from '../../helpers/gitea-server.ts';
import { PASSPHRASE, signedBench } from '../../helpers/signed-site.ts';
import { dashboard, writeTree } from '../../helpers/site-builder.ts';

const DOC = fs.readFileSync('docs/automation.md', 'utf8');
const DIST = resolve(process.env['PIKIT_TEST_DIST'] ?? 'dist');

function blocks(language: string): string[] {
  return [...DOC.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, of = '', text = '']) => (of === language ? [text] : []));
}

/** The scripts of the steps of a workflow. */
function steps(workflow: string): string[] {
  return [...workflow.matchAll(/^( +)run: \|\n((?:\1  .*\n|\n)+)/gm)].map(([, indent = '', text = '']) =>
    text.replaceAll(`\n${indent}  `, '\n').trimStart(),
  );
}

/** A job's machine: the programs, keys and a site, released on Gitea. */
async function machine(): Promise<{ home: string; run: (script: string, env?: Record<string, string>) => Promise<string>; bin: string }> {
  const home = temporary();
  const bench = await signedBench(home);
  const bin = join(home, 'bin');
  writeTree(bin, { 'pikit-release': { data: `#!/bin/sh\nexec '${process.execPath}' '${DIST}/pikit-release.js' "$@"\n`, mode: 0o755 } });
  writeTree(home, Object.fromEntries(Object.entries(dashboard('nightly')).map(([path, file]) => [`dashboard/${path}`, file])));
  writeTree(home, { 'release-token': `${WRITER}\n` });
  fs.mkdirSync(join(home, 'online-keys'));
  for (const name of ['online.pem', 'online.pub.pem']) fs.copyFileSync(join(bench.keys, name), join(home, 'online-keys', name));
  const run = async (script: string, env: Record<string, string> = {}): Promise<string> => {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: home,
      env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: home, PIKIT_KEY_PASSPHRASE: PASSPHRASE, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const code = await new Promise<number | null>((done) => child.on('close', done));
    expect(code, `${script}\n${text}`).toBe(0);
    expect(text).not.toMatch(/token-of|correct horse|PRIVATE KEY/);
    return text;
  };
  return { home, run, bin };
}

it('has only blocks that are run, or that say what they are', () => {
  const languages = [...DOC.matchAll(/^```(\w+)$/gm)].map(([, language = '']) => language);
  expect(languages.filter((language) => !['sh', 'ini', 'yaml', 'text'].includes(language))).toEqual([]);
  for (const script of [
    ...blocks('sh'),
    ...blocks('yaml').flatMap(steps),
    ...blocks('text').map((line) => line.replace(/^\S+ \S+ \S+ \S+ \S+ \S+ /, '')),
  ])
    expect(spawnSync('bash', ['-n', '-c', script]).stderr.toString(), script).toBe('');
});

it('every command and job of docs/automation.md does what it is there for', async () => {
  const { home, run } = await machine();
  const gitea = await giteaServer({ storage: true });
  onTestFinished(gitea.close);
  const mine = (text: string): string =>
    text.replaceAll('/srv/www/pikit', join(home, 'www')).replaceAll('https://git.example.org/owner/repo', gitea.url);
  const [addBranch = '', nightlyKeys = '', refresh = '', stateless = ''] = blocks('sh');
  for (const script of [addBranch, nightlyKeys]) await run(script);
  await run(`pikit-release publish --site site --to gitea:${gitea.url} --token-file release-token`);
  const timestamps = (): number[] =>
    gitea.releases.flatMap(({ assets }) => assets.filter(({ name }) => name === 'timestamp.json').map(({ id }) => id));
  const before = timestamps();
  expect(await run(mine(refresh))).toContain('copied tuf/timestamp.json');
  // What was refreshed by hand is not what is published on Gitea: the job goes on from there.
  await run(mine(stateless));
  expect(timestamps()).toHaveLength(1);
  expect(timestamps()).not.toEqual(before);

  const [nightly = ''] = blocks('yaml');
  const env = { TO: `gitea:${gitea.url}`, PIKIT_RELEASE_TOKEN: WRITER, PIKIT_KEYS: fs.readFileSync(join(home, 'nightly-keys.pem'), 'utf8') };
  for (const script of steps(nightly)) await run(script, env);
  expect(Object.keys(gitea.summary())[0]).toMatch(/^v1\.5\.0-nightly\.\d{14} prerelease$/);
  await run('pikit-release init --from "$TO" --site again && pikit-release verify --site again', env);
  // That key signs for its branch, and for nothing else.
  await expect(run('pikit-release build --site again --from dashboard --version 9.0.0', env)).rejects.toThrow(
    /'targets' has to be signed by the key 'targets'.* not at hand/,
  );
});

it('the workflow for GitHub uploads what is named before what names it, and nothing twice', async () => {
  const { home, run, bin } = await machine();
  // The tool of GitHub, as far as the workflow uses it: a folder for each release, and a log.
  writeTree(bin, {
    gh: {
      data: [
        '#!/bin/bash',
        'set -eu',
        'root="$HOME/github"; action="$2"; tag="$3"; shift 3',
        'case "$action" in',
        '  view) [ -d "$root/$tag" ] || exit 1; ls "$root/$tag" ;;',
        '  create) mkdir -p "$root/$tag"; for file; do if [ -f "$file" ]; then cp "$file" "$root/$tag/"; fi; done ;;',
        '  upload) clobber=no; if [ "$1" = --clobber ]; then clobber=yes; shift; fi',
        '    name="${1##*/}"; [ $clobber = yes ] || [ ! -e "$root/$tag/$name" ] || exit 1',
        '    cp "$1" "$root/$tag/$name"; echo "$name" >>"$root/log" ;;',
        '  edit) ;;',
        'esac',
        '',
      ].join('\n'),
      mode: 0o755,
    },
  });
  const [, workflow = ''] = blocks('yaml');
  const [build = '', publish = ''] = steps(workflow);
  const release = async (version: string): Promise<string[]> => {
    fs.rmSync(join(home, 'github-site'), { recursive: true, force: true });
    fs.rmSync(join(home, 'github/log'), { force: true });
    await run(build, {
      FROM: join(home, 'site'),
      VERSION: version,
      PIKIT_KEYS: fs.readFileSync(join(home, 'site-keys/targets.pem'), 'utf8') + fs.readFileSync(join(home, 'site-keys/online.pem'), 'utf8'),
    });
    await run(publish, { VERSION: version, GH_TOKEN: 'x' });
    return fs.readFileSync(join(home, 'github/log'), 'utf8').trim().split('\n');
  };
  const first = await release('1.1.0');
  const rank = (name: string): number =>
    [/^[0-9a-f]{64}\./, /^\d+\.(?:targets|branch-.*)\.json$/, /^\d+\.snapshot/, /^\d+\.root/, /^root/, /^timestamp/].findIndex((one) =>
      one.test(name),
    );
  expect(first.map(rank)).toEqual(first.map(rank).toSorted());
  expect(first.slice(-2)).toEqual(['root.json', 'timestamp.json']);
  expect(fs.readdirSync(join(home, 'github/v1.1.0')).toSorted()).toEqual(['branches.json', 'manifest.json', 'pikit-1.1.0.tar.gz']);
  expect(new Set(first).size).toBe(first.length);
});

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).error === undefined;

it.skipIf(!hasAnalyze)('the units of docs/automation.md are ones that systemd takes (skipped where systemd-analyze is not installed)', () => {
  const dir = temporary();
  const units = blocks('ini').map((text) => ({ name: /^# \S*\/(\S+)$/m.exec(text)?.[1] ?? '', text }));
  expect(units.map(({ name }) => name)).toEqual(['pikit-refresh.service', 'pikit-refresh.timer']);
  for (const { name, text } of units)
    fs.writeFileSync(join(dir, name), text.replaceAll('/usr/bin/pikit-release', '/bin/true').replace('User=release', 'User=root'));
  const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...units.map(({ name }) => join(dir, name))]);
  expect(
    stderr
      .toString()
      .split('\n')
      .filter((line) => line.includes('pikit-refresh')),
  ).toEqual([]);
});
