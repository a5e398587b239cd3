/** Packs releases as docs/hosting.md says, and in ways that people found by themselves, and installs them with the built programs. */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { device, temporary } from '../../helpers/device.ts';
import { writeTree } from '../../helpers/site-builder.ts';

const DOC = fs.readFileSync('docs/hosting.md', 'utf8');
const DIST = resolve(process.env['PIKIT_TEST_DIST'] ?? 'dist');
const SECTION = (DOC.split('## Packing by hand\n')[1] ?? '').split('\n## ')[0] ?? '';
const [MAKE = '', ...WAYS] = [...SECTION.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = '']) => text);

const LONG = `${'Long name of a source '.repeat(8)}.js`;
const FOLDER = 'd'.repeat(120);
const NAMES = ['index.html', 'assets/a b.js', "assets/[id] (1), ~x=1;y & z!@#$%41^'.js", 'gr\u00fc\u00dfe/文.txt', `${FOLDER}/${LONG}`, LONG];
const TREE: Record<string, string> = {
  ...Object.fromEntries(NAMES.map((name) => [`pikit-web/${name}`, `content of ${name}`])),
  'pikit-api.py': '#!/usr/bin/python3\n',
};

const sh = (script: string, cwd: string): void => {
  execFileSync('bash', ['-euo', 'pipefail', '-c', script], { cwd, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, HOME: cwd } });
};

/** The rest of a way that is not in the page: the manifest beside the bundle. */
const around = (pack: string): string => `${pack}\npython3 manifest.py packed 1.4.0 by-hand/bundles/pikit-1.4.0.tar.gz >by-hand/manifest.json\n`;
const tar = (options: string, what = '.'): string =>
  around(`umask 002; chmod -R g+w packed; tar ${options} --hard-dereference -C packed -czf by-hand/bundles/pikit-1.4.0.tar.gz ${what}`);
const python = (format: string): string =>
  around(`python3 -c 'import tarfile
with tarfile.open("by-hand/bundles/pikit-1.4.0.tar.gz", "w:gz", format=tarfile.${format}) as bundle: bundle.add("packed", arcname=".")'`);

it('the page has three ways', () => {
  expect(WAYS).toHaveLength(3);
});

it.each([
  ...WAYS.map((way): [string, string] => [`docs: ${way.slice(0, 24).trim()}`, way]),
  ['gnu', tar('--format=gnu')],
  ['posix-with-times', tar('--format=posix --xattrs --acls')],
  ['names-without-a-dot', tar('--format=posix --owner=me:4000000000 --group=us:4000000000 --mtime=@-1.5', '$(ls packed)')],
  ['blocking-factor', tar('--format=gnu -b 2048')],
  ['python-gnu', python('GNU_FORMAT')],
  ['python-pax', python('PAX_FORMAT')],
])('installs what was packed by hand: %s', (_name, way) => {
  const home = temporary();
  writeTree(join(home, 'tree'), TREE);
  sh(MAKE, home);
  sh(way, home);

  const on = device();
  writeTree(on.root, { 'etc/pikit/update.toml': `[source]\ntype = "static"\nurl = "file://${home}/by-hand"\n[services]\nmanager = "none"\n` });
  for (const step of ['check', 'fetch', 'apply']) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(DIST, `${step}.js`)], { env: { PIKIT_ROOT: on.root }, encoding: 'utf8' });
    expect(status, `${step}:\n${stdout}${stderr}`).toBe(0);
  }
  for (const name of NAMES) expect(fs.readFileSync(on.at(`/var/www/pikit-web/${name}`), 'utf8')).toBe(`content of ${name}`);
  const modes = [on.at('/usr/local/bin/pikit-api.py'), on.at(`/var/www/pikit-web/${LONG}`), dirname(on.at(`/var/www/pikit-web/${FOLDER}/x`))];
  expect(modes.map((path) => (fs.statSync(path).mode & 0o7777).toString(8))).toEqual(['644', '644', '755']);
});
