import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import type { CliDevice } from '../../helpers/cli-device.ts';
import { available, cliDevice, receipt } from '../../helpers/cli-device.ts';
import { cacheDocument } from '../../helpers/source-cache.ts';

const LIST = [{ name: 'beta' }, { name: 'nightly', enabled: false }, { name: 'test_1234', visible: false }];
const CHECK = 'start pikit-update-check.service';

/** A device that has seen the list, on stable; its checks find what `finds` says. */
function chooser(finds: (device: CliDevice) => void = () => undefined, list: object[] | null = LIST): CliDevice {
  const device = cliDevice();
  if (list !== null) cacheDocument(device.deps, 'branches.json', list);
  device.onStart = () => {
    device.setState({ last_result: receipt({ step: 'check', outcome: 'nothing', message: 'up to date: 1.4.0 is installed' }) });
    finds(device);
    return 'done';
  };
  return device;
}

const chosen = (device: CliDevice): string => device.deps.files.readSettings().branch;

describe('branch NAME', () => {
  it('writes the choice down before it checks, and shows what the check finds', async () => {
    const seen: string[] = [];
    const device = chooser((on) => {
      seen.push(chosen(on));
      on.setState({
        available: available({ version: '1.5.0-beta.1', branch: 'beta' }),
        last_result: receipt({ step: 'check', message: "1.5.0-beta.1 is available on the branch 'beta' (installed: 1.4.0)" }),
      });
    });
    expect(await device.run('branch beta')).toEqual({
      exit: 0,
      out: "this device now follows beta\n1.5.0-beta.1 is available on the branch 'beta' (installed: 1.4.0)\n",
      err: 'hint: `pikit-update apply` installs it\n',
    });
    expect([chosen(device), seen, device.asked]).toEqual(['beta', ['beta'], [CHECK]]);
  });

  it('takes a disabled one, and says what is used until it is enabled', async () => {
    const device = chooser();
    expect((await device.run('branch nightly')).out).toMatch(/^this device now follows nightly \(disabled, using stable\)\n/);
    expect(chosen(device)).toBe('nightly');
  });

  it('has nothing to do for the one that is followed', async () => {
    const device = chooser();
    expect(await device.run('branch stable')).toEqual({ exit: 0, out: 'this device already follows stable\n', err: '' });
    expect(device.asked).toEqual([]);
  });

  it('says in JSON what is followed and what was found', async () => {
    const device = chooser();
    expect(JSON.parse((await device.run('branch nightly --json')).out)).toMatchObject({
      selected: 'nightly',
      used: 'stable',
      why: 'disabled',
      result: { step: 'check' },
      available: null,
    });
  });
});

describe('a name that is not in the list', () => {
  it('is asked for, because it may be new', async () => {
    const device = chooser((on) => {
      cacheDocument(on.deps, 'branches.json', [...LIST, { name: 'rc' }]);
    });
    expect((await device.run('branch rc')).out).toMatch(/^checking whether the branch 'rc' exists\nthis device now follows rc\n/);
    expect([chosen(device), device.asked]).toEqual(['rc', [CHECK, CHECK]]);
  });

  it.each([
    ['betta', "there is no branch 'betta'", "did you mean 'beta'? available branches: stable, beta, nightly"],
    ['stabel', "there is no branch 'stabel'", "did you mean 'stable'? available branches: stable, beta, nightly"],
    ['xyz', "there is no branch 'xyz'", 'available branches: stable, beta, nightly'],
    ['test_1243', "there is no branch 'test_1243'", 'available branches: stable, beta, nightly'],
  ])('is refused with the nearest one that is no secret: %s', async (name, message, hint) => {
    const device = chooser();
    expect(await device.run(`branch ${name}`)).toEqual({
      exit: 1,
      out: `checking whether the branch '${name}' exists\n`,
      err: `error: ${message}\nhint: ${hint}\n`,
    });
    expect(chosen(device)).toBe('stable');
    expect(JSON.parse((await device.run(`branch ${name} --json`)).out)).toMatchObject({ error: { code: 'BRANCH_UNKNOWN' } });
  });

  it('is refused with what kept the list from being asked for', async () => {
    const device = chooser();
    device.onStart = () => {
      device.setState({
        last_result: receipt({ step: 'check', outcome: 'failed', code: 'OFFLINE', message: 'no network', hint: 'look at the cable' }),
      });
      return 'failed';
    };
    expect(await device.run('branch rc')).toMatchObject({ exit: 1, err: 'error: no network\nhint: look at the cable\n' });
    expect(chosen(device)).toBe('stable');
  });

  it.each(['Beta', '../x', 'a-b', 'x'.repeat(65)])('is a mistake of the command line when it cannot be one: %s', async (name) => {
    const device = chooser();
    expect(await device.run(`branch ${name}`)).toMatchObject({ exit: 2, out: '' });
    expect([chosen(device), device.asked]).toEqual(['stable', []]);
  });
});

describe('a choice while something runs', () => {
  it.each([
    ['check', 'the running check was stopped\n'],
    ['fetch', 'the running download was stopped\n'],
  ])('stops a %s first, with the choice written down already', async (step, line) => {
    const device = chooser();
    device.looks.set(`pikit-update-${step}.service`, { active: true });
    const done = await device.run('branch beta');
    expect(done.out).toContain(line);
    expect(device.asked).toEqual([`stop pikit-update-${step}.service`, CHECK]);
  });

  it.each(['apply', 'rollback', 'recover'])('leaves a running %s to its end, and does not check beside it', async (step) => {
    const device = chooser();
    device.looks.set(`pikit-update-${step}.service`, { active: true });
    expect((await device.run('branch beta')).out).toContain('run `pikit-update check` afterwards to look for releases on beta');
    expect([chosen(device), device.asked]).toEqual(['beta', []]);
  });

  it('stands, whatever the check comes to', async () => {
    const device = chooser();
    device.onStart = () => {
      device.setState({ last_result: receipt({ step: 'check', outcome: 'failed', code: 'NOT_FOUND', message: 'nothing yet' }) });
      return 'failed';
    };
    expect(await device.run('branch beta')).toMatchObject({ exit: 1, err: 'error: nothing yet\n' });
    expect(chosen(device)).toBe('beta');
  });

  it('is only root to make', async () => {
    const device = chooser();
    const refuse = () => Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES' }));
    Object.assign(device.deps.files, { changeSettings: refuse });
    expect(await device.run('branch beta')).toMatchObject({
      exit: 1,
      err: 'error: only root can change the settings\nhint: sudo pikit-update branch …\n',
    });
    expect(device.asked).toEqual([]);
  });

  it('needs systemd to start units', async () => {
    const device = chooser();
    device.onStart = () => Promise.reject(new UpdateError('SYSTEMD_UNAVAILABLE', 'no bus'));
    expect(await device.run('branch beta')).toMatchObject({ exit: 1, err: 'error: no bus\n' });
  });
});
