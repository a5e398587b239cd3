/** The whole way by hand, with real processes and a real web release: build, check, fetch, apply, apply, rollback. */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tokenPath } from '../../../lib/core/device/paths.ts';
import { sha256 } from '../../helpers/archive-builder.ts';
import type { Device, Ended } from '../../helpers/device.ts';
import { device, run, step, temporary } from '../../helpers/device.ts';
import { matching } from '../../helpers/matchers.ts';
import { dashboard } from '../../helpers/site-builder.ts';
import { onSite } from './published.ts';
import { siteServer } from './site-server.ts';

const WEB = { '5.17.14': 'node_modules/swagger-ui-dist-5.17.14', '5.18.2': 'node_modules/swagger-ui-dist-5.18.2' };

/** A release tree as its makers have it: a web release, an API script, helpers. */
function sourceTree(version: keyof typeof WEB): string {
  const dir = join(temporary(), version);
  fs.cpSync(WEB[version], join(dir, 'pikit-web'), { recursive: true });
  fs.writeFileSync(join(dir, 'pikit-api.py'), `#!/usr/bin/env python3\nprint('${version}')\n`, { mode: 0o755 });
  fs.mkdirSync(join(dir, 'helpers'));
  fs.writeFileSync(join(dir, 'helpers/pikit-backup'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
  if (version === '5.17.14') fs.writeFileSync(join(dir, 'helpers/pikit-old'), '#!/bin/sh\n', { mode: 0o755 });
  else fs.mkdirSync(join(dir, 'pikit-web/deep/er'), { recursive: true });
  if (version === '5.18.2') fs.writeFileSync(join(dir, 'pikit-web/deep/er/new.css'), 'body {}\n');
  return dir;
}

/** Path on the device to mode and digest, as a release tree wants it. */
function wanted(tree: string): Record<string, string> {
  const targets: readonly (readonly [string, string])[] = [
    ['pikit-web/', '/var/www/pikit-web/'],
    ['pikit-api.py', '/usr/local/bin/pikit-api.py'],
    ['helpers/', '/usr/local/bin/'],
  ];
  const files = fs.readdirSync(tree, { recursive: true, encoding: 'utf8' }).filter((path) => fs.statSync(join(tree, path)).isFile());
  return Object.fromEntries(
    files.map((path) => {
      const [from, to] = targets.find(([prefix]) => path.startsWith(prefix)) ?? ['', ''];
      return [to + path.slice(from.length), facts(join(tree, path))];
    }),
  );
}

function facts(file: string): string {
  return `${(fs.statSync(file).mode & 0o7777).toString(8)} ${sha256(fs.readFileSync(file))}`;
}

/** The same of a device, without what the test itself put there. */
function found(on: Device, except: readonly string[]): Record<string, string> {
  const files = ['/var/www', '/usr/local/bin'].flatMap((dir) =>
    fs.readdirSync(on.at(dir), { recursive: true, encoding: 'utf8' }).map((name) => `${dir}/${name}`),
  );
  const plain = files.filter((path) => fs.statSync(on.at(path)).isFile() && !except.includes(path));
  return Object.fromEntries(plain.map((path) => [path, facts(on.at(path))]));
}

function expectDone(ended: Ended, out: RegExp): void {
  expect(ended).toEqual({ code: 0, out: matching(out), err: '' });
}

describe('by hand', () => {
  it('goes from nothing to 5.17.14, on to 5.18.2, and back, to exactly these files', async () => {
    const site = join(temporary(), 'site');
    const old = sourceTree('5.17.14');
    const fresh = sourceTree('5.18.2');
    expectDone(await run('pikit-release', null, { args: ['init', '--site', site, '--unsigned'] }), /^created/);
    expectDone(await run('pikit-release', null, { args: ['build', '--site', site, '--from', old, '--version', '5.17.14'] }), /^published 5\.17\.14/);

    const server = await siteServer(site);
    const on = device({ url: server.url, health: [`${server.url}branches.json`] });
    const foreign = ['/var/www/pikit-web/upload.png', '/usr/local/bin/other'];
    for (const path of foreign) {
      fs.mkdirSync(dirname(on.at(path)), { recursive: true });
      fs.writeFileSync(on.at(path), 'mine', { mode: 0o640 });
    }
    const inodes = foreign.map((path) => fs.statSync(on.at(path)).ino);

    // The first release on this device.
    expectDone(await step(on, 'check'), /^5\.17\.14 is available \(nothing is installed\)\n$/);
    expectDone(
      await step(on, 'fetch'),
      /^5\.17\.14 is available \(nothing is installed\)\ndownloading .* of 5\.17\.14 from .*\ndownloaded .* as one bundle .*\n5\.17\.14 is downloaded and verified\n$/,
    );
    expectDone(await step(on, 'apply'), /\n5\.17\.14 is installed\n$/);
    expect(found(on, foreign)).toEqual(wanted(old));
    expectDone(await step(on, 'check'), /^up to date: 5\.17\.14 is installed\n$/);
    expectDone(await step(on, 'apply'), /^5\.17\.14 is installed and there is nothing newer\n$/);

    // The second one.
    expectDone(await run('pikit-release', null, { args: ['build', '--site', site, '--from', fresh, '--version', '5.18.2'] }), /^published 5\.18\.2/);
    expectDone(await run('pikit-release', null, { args: ['verify', '--site', site] }), /is in order/);
    const before = on.tree();
    expectDone(await step(on, 'check'), /^5\.18\.2 is available \(installed: 5\.17\.14\)\n$/);
    expectDone(await step(on, 'fetch'), /5\.18\.2 is downloaded and verified\n$/);
    expect(on.tree()).toEqual(before);
    expectDone(await step(on, 'apply'), /^installing 5\.18\.2 over 5\.17\.14: \d+ new, \d+ changed, 1 removed\n/);
    expect(found(on, foreign)).toEqual(wanted(fresh));
    expect(on.read('/etc/pikit/version')).toBe('5.18.2\n');
    expectDone(await step(on, 'recover'), /^no update was interrupted\n$/);

    // And back.
    expectDone(await step(on, 'rollback'), /^rolling back from 5\.18\.2 to 5\.17\.14\n(.*\n)*rolled back to 5\.17\.14\n$/);
    expect(found(on, foreign)).toEqual(wanted(old));
    expect(on.tree()).toEqual(before);
    expectDone(await step(on, 'rollback'), /nothing to roll back to: the backup also contains 5\.17\.14\n$/);
    expect(on.tree()).toEqual(before);

    // No step touched what is not ours, and the services were to be restarted each time.
    expect(foreign.map((path) => fs.statSync(on.at(path)).ino)).toEqual(inodes);
    const actions = (on.read('/var/lib/pikit/service-actions.jsonl') ?? '').trim().split('\n');
    expect(actions.map((line) => /"unit":"([^"]*)"/.exec(line)?.[1])).toEqual(Array(3).fill(['pikit-api.service', 'nginx.service']).flat());
    expect(on.files.readHistory().map((receipt) => [receipt.step, receipt.outcome, receipt.to])).toEqual([
      ['apply', 'ok', '5.17.14'],
      ['apply', 'ok', '5.18.2'],
      ['rollback', 'ok', '5.17.14'],
    ]);
    expect(fs.readdirSync(on.at('/var/backups/pikit'))).toHaveLength(1);
  });

  it('goes the way of the timer: from check to apply, as far as each token says', async () => {
    const { on, publish } = await onSite(['1.0.0', '1.1.0']);
    on.files.writeSettings({ ...on.files.readSettings(), auto: 'install' });
    /** What pikit-update-gate@.service does: nothing without a token. */
    const gate = (name: 'fetch' | 'apply' | 'rollback'): boolean => {
      if (!fs.existsSync(tokenPath(on.paths, 'next', name))) return false;
      fs.renameSync(tokenPath(on.paths, 'next', name), tokenPath(on.paths, 'granted', name));
      return true;
    };
    const timer = { env: { TRIGGER_UNIT: 'pikit-update.timer', INVOCATION_ID: 'abc' } };
    expect((await step(on, 'check', timer)).code).toBe(0);
    expect(gate('fetch')).toBe(true);
    expect((await step(on, 'fetch')).code).toBe(0);
    expect(gate('apply')).toBe(true);
    expect((await step(on, 'apply')).out).toMatch(/1\.1\.0 is installed\n$/);
    expect(gate('rollback')).toBe(false);

    // The owner goes back: the timer leaves that version alone, and takes the next one.
    expect((await step(on, 'rollback')).code).toBe(0);
    expect((await step(on, 'check', timer)).out).toContain('1.1.0 will not be installed automatically because you rolled it back');
    expect(gate('fetch')).toBe(false);
    await publish('1.2.0');
    expect((await step(on, 'check', timer)).code).toBe(0);
    expect(gate('fetch')).toBe(true);
  });

  it('keeps edits: a backup of what was replaced, and configuration as it was', async () => {
    const { on, publish } = await onSite([]);
    const files = (text: string) => ({ ...dashboard(text), 'helpers/pikit.conf': `# ${text}\n` });
    await publish('1.0.0', { files: files('one'), config: ['helpers/pikit.conf'] });
    await step(on, 'fetch');
    await step(on, 'apply');
    fs.writeFileSync(on.at('/usr/local/bin/pikit.conf'), 'mine\n');
    fs.writeFileSync(on.at('/usr/local/bin/pikit-api.py'), 'mine too\n');
    await publish('1.1.0', { files: files('two'), config: ['helpers/pikit.conf'] });
    await step(on, 'fetch');
    const ended = await step(on, 'apply');
    expect(ended.code).toBe(0);
    expect(ended.err).toMatch(
      /^warning: '\/usr\/local\/bin\/pikit-api\.py' had been edited; the edited file is kept as '\/var\/lib\/pikit\/edited\/.*'\n$/,
    );
    expect(ended.out).toContain("your version of '/usr/local/bin/pikit.conf' is kept; the new version is '/usr/local/bin/pikit.conf.pikit-new'");
    expect(on.read('/usr/local/bin/pikit.conf')).toBe('mine\n');
    expect(on.read('/usr/local/bin/pikit.conf.pikit-new')).toBe('# two\n');
    expect(on.files.readState().drift).toEqual(['/usr/local/bin/pikit-api.py']);
    await step(on, 'rollback');
    expect(on.read('/usr/local/bin/pikit-api.py')).toBe('mine too\n');
    expect(on.read('/usr/local/bin/pikit.conf')).toBe('mine\n');
  });
});
