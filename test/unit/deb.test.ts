import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { catalogText } from '../../lib/core/events.ts';
import { buildDeb, debianVersion, packageFiles, placeOf } from '../../scripts/deb.ts';
import { folderOfTest } from '../helpers/temp.ts';

const project = path.resolve(import.meta.dirname, '../..');
const entries = ['check', 'fetch', 'apply', 'rollback', 'recover', 'auto', 'publish', 'ask-root', 'api', 'order', 'pikit-update', 'pikit-release'];
const libraries = ['undici.cjs', 'dbus-next.cjs', 'zx.cjs'];
const web = ['pikit-updates.js', 'pikit-updates.de.js', 'page.html', 'page.css'];
const hasDpkg = spawnSync('dpkg-deb', ['--version']).error === undefined;

let work: string;
beforeEach(() => {
  work = folderOfTest('deb-test');
  fs.mkdirSync(path.join(work, 'dist/web'), { recursive: true });
  for (const name of web) fs.writeFileSync(path.join(work, 'dist/web', name), `${name}\n`);
  for (const name of libraries) fs.writeFileSync(path.join(work, 'dist', name), `${name}\n`);
});

function bundle(...names: string[]): void {
  for (const name of names) fs.writeFileSync(path.join(work, 'dist', `${name}.js`), `console.log('${name}');\n`);
}

function options(out = 'out') {
  return { project, dist: path.join(work, 'dist'), out: path.join(work, out), epochSeconds: 1_700_000_000 };
}

describe('files of the package', () => {
  test('refuses to build without the bundles, and names them', () => {
    bundle(...entries.filter((name) => name !== 'auto' && name !== 'recover'));
    for (const name of ['web/page.html', 'zx.cjs']) fs.rmSync(path.join(work, 'dist', name));
    expect(() => packageFiles(options())).toThrow(
      /not found in '.*dist': auto\.js, recover\.js, web\/page\.html, zx\.cjs; run 'npm run build' first/,
    );
  });

  test('refuses to build without a dist folder', () => {
    expect(() => packageFiles({ ...options(), dist: path.join(work, 'nowhere') })).toThrow(/run 'npm run build' first/);
  });

  test('ships the programs and what they load, not what is for development', () => {
    bundle(...entries, 'demo', 'deb', 'build', 'web/states');
    const code = packageFiles(options())
      .map((file) => file.path)
      .filter((file) => file.startsWith('usr/lib/pikit-update/'));
    expect(code.sort()).toEqual(
      [
        ...entries.map((name) => `usr/lib/pikit-update/${name}.js`),
        ...libraries.map((name) => `usr/lib/pikit-update/${name}`),
        ...web.map((name) => `usr/lib/pikit-update/web/${name}`),
        'usr/lib/pikit-update/notify-exec',
        'usr/lib/pikit-update/package.json',
      ].sort(),
    );
  });

  test('ships the catalog of the journal, which is the table of events', () => {
    bundle(...entries);
    const catalog = packageFiles(options()).find((file) => file.path === 'usr/lib/systemd/catalog/pikit-update.catalog');
    expect([catalog?.mode, catalog?.content.toString()]).toEqual([0o644, catalogText()]);
  });

  test('changes owner or mode of nothing below a folder that another user may write to', () => {
    const text = (name: string): string => fs.readFileSync(path.join(project, 'units', name), 'utf8').replaceAll(/^\s*#.*$/gm, '');
    const ownFile = /^ +find \/etc\/pikit\/update\.toml -maxdepth 0 .*\n? +-exec chgrp .*$/m;
    for (const script of ['deb/postinst', 'deb/prerm', 'deb/postrm'])
      expect(text(script).replace(ownFile, ''), script).not.toMatch(/\b(chown|chmod|chgrp|setfacl)\b/);
    // Nothing below /etc/pikit, which is root's, is another's to exchange. And 'z' follows no link, and refuses a file with a second name.
    const types = text('pikit-update.tmpfiles')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.charAt(0));
    expect(new Set(types)).toEqual(new Set(['f', 'd', 'z']));
  });

  test('ships the pages that its README, its pages and its units name, with links that lead there', () => {
    bundle(...entries);
    const files = packageFiles(options());
    const at = new Map(files.map((file) => [file.path, file.content.toString()]));
    const doc = 'usr/share/doc/pikit-update';
    const pages = ['README', 'SECURITY', 'api', 'architecture', 'branches', 'dashboard', 'hosting', 'journal', 'reliability'].map(
      (name) => `${doc}/${name}.md`,
    );
    expect([...at.keys()]).toEqual(expect.arrayContaining(pages));
    const links = pages.flatMap((page) =>
      [...(at.get(page) ?? '').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => path.join(path.dirname(page), match[1] ?? '')),
    );
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => !at.has(link))).toEqual([]);
    const named = files.flatMap(({ content }) =>
      [...content.toString().matchAll(/file:(\/usr\/share\/doc\/[^\s]+)/g)].map((match) => match[1]?.slice(1) ?? ''),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((file) => !at.has(file))).toEqual([]);
  });

  test('refuses a file in units/ that has no place', () => {
    expect(() => placeOf('surprise.txt')).toThrow("'units/surprise.txt' has no place in the package");
  });

  test.each([
    ['pikit-update-api-tcp.socket', 'usr/lib/systemd/system/pikit-update-api-tcp.socket'],
    ['pikit-update-order@.service', 'usr/lib/systemd/system/pikit-update-order@.service'],
    ['nginx.conf', 'usr/share/pikit-update/nginx.conf'],
    ['nginx-api.conf', 'usr/share/pikit-update/nginx-api.conf'],
  ])('puts %s where its reader looks', (file, place) => {
    expect(placeOf(file)).toEqual({ path: place, mode: 0o644 });
  });

  test.each([
    ['release', '1.2.0', '1.2.0'],
    ['pre-release', '1.2.0-beta.1', '1.2.0~beta.1'],
    ['pre-release with hyphen', '1.2.0-rc-1', '1.2.0~rc-1'],
  ])('debian-version-%s', (_name, version, expected) => {
    expect(debianVersion(version)).toBe(expected);
  });

  test.each(['postinst', 'prerm', 'postrm'])('%s is a shell script without syntax errors', (script) => {
    expect(spawnSync('sh', ['-n', path.join(project, 'units/deb', script)], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });
});

describe.skipIf(!hasDpkg)('the built package (skipped where dpkg-deb is not installed)', () => {
  test('has every file of units/, owned by root, with the modes of the table', () => {
    bundle(...entries);
    const deb = buildDeb(options());
    const listed = execFileSync('dpkg-deb', ['--contents', deb], { encoding: 'utf8' }).trim().split('\n');
    for (const line of listed) expect(line).toMatch(/^(?:-rw-r--r--|-rwxr-xr-x|drwxr-xr-x) root\/root /);
    const names = listed.map((line) => line.replace(/^.* \.\//, ''));
    const installed = packageFiles(options()).filter((file) => !file.path.startsWith('DEBIAN/'));
    expect(names).toEqual(expect.arrayContaining(installed.map((file) => file.path)));
    expect(names.filter((name) => !name.endsWith('/') && name !== '')).toHaveLength(installed.length);
  });

  test('has control data that dpkg reads', () => {
    bundle(...entries);
    const deb = buildDeb(options());
    const field = (name: string) => execFileSync('dpkg-deb', ['--field', deb, name], { encoding: 'utf8' }).trim();
    const version = path.basename(deb).split('_')[1];
    expect([field('Package'), field('Version'), field('Architecture')]).toEqual(['pikit-update', version, 'all']);
    expect(Number(field('Installed-Size'))).toBeGreaterThan(0);
    execFileSync('dpkg-deb', ['--control', deb, path.join(work, 'control')]);
    expect(fs.readFileSync(path.join(work, 'control/conffiles'), 'utf8')).toBe('/etc/pikit/update.toml\n');
    execFileSync('dpkg-deb', ['--extract', deb, path.join(work, 'tree')]);
    execFileSync('md5sum', ['--check', '--strict', '--quiet', path.join(work, 'control/md5sums')], { cwd: path.join(work, 'tree') });
  });

  test('is the same, byte for byte, whenever and under whatever umask it is built', () => {
    bundle(...entries);
    const first = fs.readFileSync(buildDeb(options('one')));
    const umask = process.umask(0o077);
    try {
      for (const name of entries) fs.utimesSync(path.join(work, 'dist', `${name}.js`), 1, 1);
      expect(fs.readFileSync(buildDeb(options('two'))).equals(first)).toBe(true);
    } finally {
      process.umask(umask);
    }
  });

  test('leaves only the package behind', () => {
    bundle(...entries);
    const deb = buildDeb(options());
    expect(fs.readdirSync(path.join(work, 'out'))).toEqual([path.basename(deb)]);
  });
});
