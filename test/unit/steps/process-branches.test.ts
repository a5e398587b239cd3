/** Branches with real processes, as the owner of a device changes them: nothing of a branch stays behind when it was left. */
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { writeBranches } from '../../helpers/branch-files.ts';
import type { Device, Ended } from '../../helpers/device.ts';
import { device, run, start } from '../../helpers/device.ts';
import { matching } from '../../helpers/matchers.ts';
import type { Snapshot } from '../../helpers/tree.ts';
import { publishOn } from './branched.ts';
import type { Files, Published } from './published.ts';
import { install, published } from './published.ts';
import { part } from './site-server.ts';

const FOREIGN = '/var/www/pikit-web/assets/mine.css';

const script = (text: string) => ({ data: `#!/bin/sh\necho ${text}\n`, mode: 0o755 });

const ON_STABLE: Files = {
  'pikit-web/index.html': '<!doctype html>\n<title>stable</title>\n',
  'pikit-web/assets/app.js': 'console.log(1);\n',
  'pikit-web/assets/same.js': 'the same\n',
  'pikit-web/only-stable.txt': 'stable\n',
  'pikit-web/becomes-a-directory': 'a file\n',
  'pikit-web/becomes-a-file/inside.txt': 'in a directory\n',
  'pikit-web/becomes-a-file/deep/er.txt': 'deeper\n',
  'pikit-web/becomes-empty.txt': 'full\n',
  'pikit-api.py': script('stable'),
  'helpers/pikit-hello': script('hello'),
  'helpers/pikit-plain': 'not a script\n',
};

const ON_BETA: Files = {
  'pikit-web/index.html': '<!doctype html>\n<title>beta</title>\n',
  'pikit-web/assets/app.js': 'console.log(2);\n',
  'pikit-web/assets/same.js': 'the same\n',
  'pikit-web/assets/beta/only.js': 'beta\n',
  'pikit-web/only/beta/deep/in/it.txt': 'beta\n',
  'pikit-web/becomes-a-directory/of.txt': 'one\n',
  'pikit-web/becomes-a-directory/many/files.txt': 'two\n',
  'pikit-web/becomes-a-file': 'a file\n',
  'pikit-web/becomes-empty.txt': '',
  'pikit-api.py': script('beta'),
  'helpers/pikit-beta-tool': script('beta'),
  'helpers/pikit-plain': script('a script now'),
};

/** A site with 1.4.0 on stable and 1.5.0-beta.1 on beta. */
async function site(): Promise<Published> {
  const at = await published();
  await at.publish('1.4.0', { files: ON_STABLE });
  await publishOn(at, 'beta', '1.5.0-beta.1', { files: ON_BETA });
  writeBranches(at.site, [{ name: 'beta', display_name: 'Beta 🧪' }]);
  return at;
}

/** A device that reads the site, with a file of its owner where releases go. */
function deviceOf({ server }: Published): Device {
  const on = device({ url: server.url });
  fs.mkdirSync(on.at('/var/www/pikit-web/assets'), { recursive: true });
  fs.writeFileSync(on.at(FOREIGN), 'mine\n');
  return on;
}

async function pikitUpdate(on: Device, line: string): Promise<Ended> {
  return await run('pikit-update', on.root, { args: line.split(' ') });
}

async function done(on: Device, line: string, out: RegExp): Promise<void> {
  expect(await pikitUpdate(on, line)).toMatchObject({ code: 0, out: matching(out) });
}

/** What a device has that gets this branch's release as its first. */
async function freshInstall(at: Published, branch: string): Promise<Snapshot> {
  const on = deviceOf(at);
  on.files.writeSettings({ ...on.files.readSettings(), branch });
  await install(on);
  return on.tree();
}

describe('branches, by hand', () => {
  it('leaves exactly the files of the release it is on: to beta, back to stable, and back by rollback', async () => {
    const at = await site();
    const stable = await freshInstall(at, 'stable');
    const beta = await freshInstall(at, 'beta');
    expect(beta).not.toEqual(stable);

    const on = deviceOf(at);
    await done(on, 'apply', /1\.4\.0 is installed/);
    expect(on.tree()).toEqual(stable);

    await done(
      on,
      'branch beta',
      /^this device now follows beta\n(looking for a new release\n)?1\.5\.0-beta\.1 is available on the branch 'beta' \(installed: 1\.4\.0\)\n$/,
    );
    expect(on.tree()).toEqual(stable);
    await done(on, 'apply', /1\.5\.0-beta\.1 is installed/);
    expect(on.tree()).toEqual(beta);
    await done(on, 'status', /^branch +beta$/m);

    await done(on, 'branch stable', /1\.4\.0 is available as a downgrade \(installed: 1\.5\.0-beta\.1\)/);
    await done(on, 'status', /^available +1\.4\.0 \(a downgrade, .*: it is older than 1\.5\.0-beta\.1, which is installed from the branch 'beta'/m);
    const back = await pikitUpdate(on, 'apply');
    expect(back).toMatchObject({
      code: 0,
      out: matching(/1\.4\.0 is installed/),
      err: matching(/^warning: 1\.4\.0 is a downgrade: it is older than/),
    });
    expect(on.tree()).toEqual(stable);
    await done(on, 'check', /^(looking for a new release\n)?up to date: 1\.4\.0 is installed\n$/);

    await done(on, 'rollback', /1\.5\.0-beta\.1/);
    expect(on.tree()).toEqual(beta);
    await done(on, 'apply', /1\.4\.0 is installed/);
    expect(on.tree()).toEqual(stable);
    expect(on.files.readHistory().map(({ to, branch }) => [to, branch])).toEqual([
      ['1.4.0', 'stable'],
      ['1.5.0-beta.1', 'beta'],
      ['1.4.0', 'stable'],
      ['1.5.0-beta.1', 'beta'],
      ['1.4.0', 'stable'],
    ]);
  });

  it('ends a download of the branch that is left, and installs nothing of it', async () => {
    const at = await site();
    const on = deviceOf(at);
    await done(on, 'apply', /1\.4\.0 is installed/);
    const before = on.tree();
    await done(on, 'branch beta', /1\.5\.0-beta\.1 is available/);
    const held = part(at.bundle('1.5.0-beta.1'), 100, true);
    at.server.answer('/bundles/pikit-1.5.0-beta.1.tar.gz', held);
    const updating = start('pikit-update', on.root, { args: ['apply'] });
    await held.begun;

    const chosen = await pikitUpdate(on, 'branch stable');
    expect(chosen).toMatchObject({
      code: 0,
      out: matching(/the running download was stopped\n(looking for a new release\n)?up to date: 1\.4\.0 is installed\n$/),
      err: '',
    });
    const ended = await updating.ended;
    expect(ended).toMatchObject({ code: 1, err: matching(/cancelled|was stopped/) });
    expect(on.files.readState()).toMatchObject({ branch: 'stable', available: null, staged: null });
    expect(on.tree()).toEqual(before);
    await done(on, 'apply', /nothing newer|is installed/);
    expect(on.tree()).toEqual(before);
  });

  it('goes through the life of a branch: disabled, enabled, removed, a notice, a hidden one by its name', async () => {
    const at = await site();
    await publishOn(at, 'test_1234', '1.4.1-test.1');
    const on = deviceOf(at);
    await done(on, 'apply', /1\.4\.0 is installed/);
    await done(on, 'branch beta', /now follows beta/);
    await done(on, 'branch', /^\* beta +1\.5\.0-beta\.1 +Beta 🧪$/m);

    writeBranches(at.site, [{ name: 'beta', enabled: false }]);
    await done(on, 'check', /^(looking for a new release\n)?up to date: 1\.4\.0 is installed\n$/);
    await done(on, 'status', /^branch +beta \(disabled, using stable\)$/m);
    await done(on, 'apply', /nothing/);
    writeBranches(at.site, [{ name: 'beta' }]);
    await done(on, 'check', /1\.5\.0-beta\.1 is available on the branch 'beta'/);

    writeBranches(at.site, [{ name: 'test_1234', visible: false }]);
    await done(on, 'check', /^(looking for a new release\n)?up to date: 1\.4\.0 is installed\n$/);
    await done(on, 'check', /^(looking for a new release\n)?up to date: 1\.4\.0 is installed\n$/);
    await done(on, 'status', /^branch +stable\n(.*\n)*notice +the branch 'beta' was removed: this device now follows stable$/m);
    await done(on, 'branch --dismiss', /^dismissed /);
    expect((await pikitUpdate(on, 'status')).out).not.toContain('notice');

    expect((await pikitUpdate(on, 'branch')).out).not.toContain('test_1234');
    await done(on, 'branch test_1234', /1\.4\.1-test\.1 is available on the branch 'test_1234'/);
    await done(on, 'branch', /^\* test_1234 +1\.4\.1-test\.1 +\(hidden\)$/m);
    expect(await pikitUpdate(on, 'branch beta')).toMatchObject({
      code: 1,
      err: matching(/^error: there is no branch 'beta'\nhint: available branches: stable\n$/),
    });
  });
});
