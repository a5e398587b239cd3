/** Odd surroundings and damaged files: each step says what is wrong or does its work, and never breaks. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DevicePaths } from '../../../lib/core/device/paths.ts';
import { apply } from '../../../lib/steps/apply.ts';
import { check } from '../../../lib/steps/check.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { toUpdateError } from '../../../lib/core/errors.ts';
import type { Device, RunOptions } from '../../helpers/device.ts';
import { device, netDeps, rootDeps, run, step, temporary } from '../../helpers/device.ts';
import { matching } from '../../helpers/matchers.ts';
import { install, onSite, published } from './published.ts';

const FILES: readonly (readonly [string, (paths: DevicePaths) => string])[] = [
  ['state.json', (paths) => paths.state],
  ['settings.json', (paths) => paths.settings],
  ['staged', (paths) => paths.staged],
  ['held.json', (paths) => paths.held],
  ['history.jsonl', (paths) => paths.history],
  ['version', (paths) => paths.version],
  ['installed.json', (paths) => paths.installed],
  ['journal.json', (paths) => paths.journal],
  ['progress.json', (paths) => paths.progress],
  ['wanted', (paths) => paths.wanted],
  ['granted/fetch', (paths) => `${paths.granted}/fetch`],
  ['granted/apply', (paths) => `${paths.orders}/granted/apply`],
  ['next/fetch', (paths) => `${paths.next}/fetch`],
  ['next/rollback', (paths) => `${paths.orders}/next/rollback`],
  ['the cached manifest', (paths) => `${paths.cacheDir}/source/manifest.json`],
  ['the facts about it', (paths) => `${paths.cacheDir}/source/manifest.json.meta`],
];

const GARBAGE: readonly (string | Buffer)[] = [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '1e999',
  '{}',
  '{"schema":2}',
  '{"__proto__":{"schema":1},"constructor":{}}',
  '\uFEFF{"schema":1}',
  '\0'.repeat(4096),
  Buffer.from([0xff, 0xfe, 0x80, 0x00]),
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
];

describe('garbage', () => {
  it.each(FILES)('in %s does not keep the device from its update', async (_name, pathOf) => {
    const { on, publish } = await onSite(['1.0.0']);
    await install(on);
    for (const [index, garbage] of GARBAGE.entries()) {
      const version = `1.${String(index + 1)}.0`;
      await publish(version);
      await check(netDeps(on));
      const path = pathOf(on.paths);
      const put = (): void => {
        fs.mkdirSync(dirname(path), { recursive: true });
        fs.writeFileSync(path, garbage);
      };
      put();
      await check(netDeps(on));
      put();
      await fetchRelease(netDeps(on));
      put();
      // What was staged is known from the mark alone: without it, there is nothing to install, and fetch brings it again. And a token
      // that cannot be read is one: the timer installs nothing that the owner has not asked for.
      if ((await apply(rootDeps(on))).outcome === 'nothing') {
        expect([on.paths.staged, `${on.paths.orders}/granted/apply`]).toContain(path);
        await install(on);
      }
      expect(on.read('/etc/pikit/version'), JSON.stringify(garbage.toString().slice(0, 20))).toBe(`${version}\n`);
      expect(on.read('/var/www/pikit-web/index.html')).toContain(version);
    }
  });

  it.each(FILES)('of another kind in place of %s is a failure with a name, or none', async (_name, pathOf) => {
    for (const kind of ['folder', 'link', 'fifo']) {
      const { on } = await onSite(['1.0.0', '1.1.0']);
      await fetchRelease(netDeps(on));
      const path = pathOf(on.paths);
      fs.rmSync(path, { force: true });
      fs.mkdirSync(dirname(path), { recursive: true });
      if (kind === 'folder') fs.mkdirSync(path);
      else if (kind === 'link') fs.symlinkSync('/etc/hostname', path);
      else if (path.includes('/cache/') || path === on.paths.history)
        continue; // read by their owner alone, who would harm himself
      else execFileSync('mkfifo', [path]);
      for (const act of [async () => await check(netDeps(on)), async () => await fetchRelease(netDeps(on)), async () => await apply(rootDeps(on))]) {
        const failure = await act().then(
          () => null,
          (error: unknown) => toUpdateError(error),
        );
        expect(failure?.code ?? 'none', `${kind}: ${failure?.message ?? ''}`).not.toBe('INTERNAL');
      }
      expect(fs.readFileSync('/etc/hostname', 'utf8')).not.toContain('schema');
    }
  });
});

/** An update, as processes in these surroundings. */
async function update(on: Device, root: string, options: RunOptions): Promise<void> {
  for (const name of ['fetch', 'apply']) {
    expect(await run(name, root, options), name).toMatchObject({ code: 0, err: '' });
    if (name === 'apply') expect(on.read('/var/www/pikit-web/index.html')).toContain('1.0.0');
  }
}

function shell(script: string): readonly string[] {
  return ['sh', '-c', `${script} "$@"`, 'sh'];
}

describe('surroundings', () => {
  it.each<[string, (base: string) => string, (root: string) => [string, string]]>([
    ['a relative path', (base) => join(base, 'root'), (root) => [relative('/work', root), '/work']],
    ['blanks and quotes in the path', (base) => join(base, `the "root" of 'all'  $(x) ü`), (root) => [root, '/']],
    ['a trailing slash', (base) => join(base, 'root'), (root) => [`${root}///`, '/']],
    ['dots', (base) => join(base, 'root'), (root) => [`${root}/./x/..`, '/']],
    [
      'a link',
      (base) => join(base, 'root'),
      (root) => {
        fs.symlinkSync(root, `${root}.link`);
        return [`${root}.link`, '/'];
      },
    ],
  ])('PIKIT_ROOT: %s', async (_name, rootOf, namedAs) => {
    const { server, publish } = await published();
    await publish('1.0.0');
    const root = rootOf(temporary());
    fs.mkdirSync(root);
    const on = device({ root, url: server.url });
    const [name, cwd] = namedAs(root);
    await update(on, name, { cwd });
  });

  it.each<[string, RunOptions]>([
    ['umask 077', { through: shell('umask 077; exec') }],
    ['umask 000', { through: shell('umask 000; exec') }],
    ['another language and time zone', { env: { LANG: 'C', LC_ALL: 'C', TZ: 'Pacific/Kiritimati' } }],
    ['NODE_OPTIONS', { env: { NODE_OPTIONS: '--throw-deprecation --trace-uncaught --max-old-space-size=96' } }],
    ['the options of the units', { through: shell('shift; exec node --disable-proto=delete') }],
    ['a proxy that is not there', { env: { http_proxy: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' } }],
    ['a unit without a journal', { env: { INVOCATION_ID: 'abc', JOURNAL_STREAM: '1:2', NOTIFY_SOCKET: '/nonexistent' } }],
  ])('%s', async (name, options) => {
    const { on } = await onSite(['1.0.0']);
    await update(on, on.root, options);
    if (name.startsWith('umask')) {
      const modes = [
        '/var/www/pikit-web',
        '/var/www/pikit-web/index.html',
        '/usr/local/bin/pikit-api.py',
        '/etc/pikit/version',
        '/var/lib/pikit-update/state.json',
        '/var/lib/pikit',
      ];
      expect(modes.map((path) => (fs.statSync(on.at(path)).mode & 0o7777).toString(8))).toEqual(['755', '644', '755', '644', '644', '700']);
    }
  });

  it.each([
    ['standard output closed', 'exec 1>&-; exec'],
    ['both closed', 'exec 1>&- 2>&-; exec'],
    ['a full device as standard output', 'exec 1>/dev/full 2>/dev/full; exec'],
    ['no standard input', 'exec 0<&-; exec'],
  ])('%s', async (_name, script) => {
    const { on } = await onSite(['1.0.0']);
    for (const name of ['check', 'fetch', 'apply'] as const) expect((await step(on, name, { through: shell(script) })).code).toBe(0);
    expect(on.read('/etc/pikit/version')).toBe('1.0.0\n');
  });

  it('no command flock', async () => {
    const { on } = await onSite(['1.0.0']);
    expect(await step(on, 'check', { env: { PATH: '/nonexistent' } })).toMatchObject({
      code: 1,
      err: matching(/^error: the command 'flock' cannot be run: .*\nhint: install the package util-linux\n$/),
    });
  });
});

const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

function chownAll(dir: string): void {
  execFileSync('chown', ['-R', '65534:65534', dir]);
}

describe.skipIf(process.getuid?.() !== 0)('without being root', () => {
  it('everything works in a folder of one’s own', async () => {
    const { on, publish } = await onSite(['1.0.0']);
    fs.chmodSync(on.root, 0o755);
    chownAll(on.root);
    await update(on, on.root, { through: NOBODY });
    await publish('1.1.0');
    await step(on, 'fetch', { through: NOBODY });
    expect(await step(on, 'apply', { through: NOBODY })).toMatchObject({ code: 0, err: '' });
    expect(fs.statSync(on.at('/var/www/pikit-web/index.html')).uid).toBe(65534);
  });

  it('a folder of root is refused by name', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    fs.chmodSync(on.root, 0o755);
    for (const name of ['check', 'fetch', 'apply', 'rollback', 'recover'] as const) {
      expect(await step(on, name, { through: NOBODY }), name).toMatchObject({
        code: 1,
        out: '',
        err: matching(
          /^error: '.*\/run\/pikit-update\.lock' does not exist and cannot be created \(EACCES\) \[PERMISSION\]\nhint: run it as root, or start the unit instead; /,
        ),
      });
    }
  });

  it('check and fetch may not touch what is root’s, and need not; root does not stumble over what is theirs', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    fs.chmodSync(on.root, 0o755);
    await step(on, 'recover');
    for (const dir of [on.paths.stateDir, on.paths.cacheDir, on.paths.runDir, on.paths.lock]) chownAll(dir);
    const before = on.tree();
    expect(await step(on, 'check', { through: NOBODY })).toMatchObject({ code: 0, err: '' });
    expect(await step(on, 'fetch', { through: NOBODY })).toMatchObject({ code: 0, err: '' });
    expect(on.tree()).toEqual(before);
    expect(await step(on, 'apply')).toMatchObject({ code: 0, err: '' });
    expect(fs.statSync(on.paths.state).uid).toBe(65534);
    expect(await step(on, 'check', { through: NOBODY })).toMatchObject({ code: 0, err: '', out: 'up to date: 1.1.0 is installed\n' });
    on.configure({});
    const failed = await step(on, 'check', { through: NOBODY });
    expect(failed).toMatchObject({ code: 1, err: matching(/^error: .*\nhint: .*\n$/) });
    expect(on.files.readHistory().filter((receipt) => receipt.step === 'check')).toEqual([]);
    await step(on, 'recover');
    expect(on.files.readHistory().filter((receipt) => receipt.step === 'check')).toHaveLength(1);
  });
});
