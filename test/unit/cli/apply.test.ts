import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CliDevice } from '../../helpers/cli-device.ts';
import { NOW, available, cliDevice, receipt } from '../../helpers/cli-device.ts';
import { hashFile } from '../../../lib/transaction/files/durable.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import { tryAgain, wish } from '../../helpers/wish.ts';
import type { Wanted } from '../../../lib/core/device/state.ts';
import { UpdateError } from '../../../lib/core/errors.ts';

const APPLY = 'start pikit-update-apply.service';
const TOOL = '/usr/local/bin/tool';
const CHECK = 'start pikit-update-check.service';
const HELD = { version: '1.4.0', reason: 'failed', code: null, message: 'it fell', at: '2026-11-20T09:00:00.000Z', attempts: 1 } as const;

function setVersion(device: CliDevice, version: string): void {
  fs.writeFileSync(device.deps.paths.version, `${version}\n`);
}

/** An apply that installs this version. */
function installs(device: CliDevice, version: string): void {
  device.onStart = (unit) => {
    if (!unit.includes('apply')) return 'done';
    setVersion(device, version);
    device.setState({ last_result: receipt({ message: `${version} is installed` }) });
    return 'done';
  };
}

describe('apply', () => {
  it('installs what is there', async () => {
    const device = cliDevice();
    installs(device, '1.4.0');
    expect(await device.run('apply')).toEqual({ exit: 0, out: '1.4.0 is installed\n', err: '' });
    expect(device.asked).toEqual([APPLY]);
  });

  it('says why there is nothing', async () => {
    const device = cliDevice();
    device.setState({ available: available({ outcome: 'held', reason: 'it fell' }) });
    device.onStart = () => {
      device.setState({ last_result: receipt({ outcome: 'nothing', message: '1.4.0 is held' }) });
      return 'done';
    };
    expect(await device.run('apply')).toEqual({
      exit: 0,
      out: '1.4.0 is held\n',
      err: '',
    });
  });

  it('tells of the step that failed: fetch', async () => {
    const device = cliDevice();
    const { files } = device.deps;
    device.onStart = () => {
      // Orders are root's, and fetch is not root: it leaves them.
      files.writeWanted(tryAgain(device.deps.now(), '1.4.0'));
      device.setState({ last_result: receipt({ step: 'fetch', outcome: 'failed', code: 'NO_SPACE', message: 'no room', hint: 'free some' }) });
      return 'dependency';
    };
    const { exit, out, err } = await device.run('apply --json');
    expect({ exit, err }).toEqual({ exit: 1, err: 'error: no room\nhint: free some\n' });
    expect(JSON.parse(out)).toMatchObject({ result: { step: 'fetch' }, error: { code: 'NO_SPACE', message: 'no room', hint: 'free some' } });
    expect(files.readWanted(), 'what was agreed to for this run').toBeNull();
  });
});

describe('what was agreed to', () => {
  const THEIRS = tryAgain(NOW, '1.3.9');

  it.each([
    ['apply', 0, null],
    ['apply --version 1.4.0', 1, null],
    ['apply --replace /usr/local/bin/none', 1, null],
  ])('before is not what is asked for now: %s', async (command, exit, left) => {
    const device = cliDevice();
    const { files } = device.deps;
    files.writeWanted({ ...THEIRS, replace: [{ path: TOOL, sha256: '0'.repeat(64) }] });
    const met: (Wanted | null)[] = [];
    device.onStart = () => {
      met.push(files.readWanted());
      return 'done';
    };
    expect((await device.run(command)).exit).toBe(exit);
    expect([met.filter((one) => one !== null), files.readWanted()]).toEqual([[], left]);
  });

  it.each([
    ['the start is refused', false, null],
    ['it is not known any more, and it goes on', true, '1.4.0'],
  ])('ends with it where %s', async (_name, isComing, left) => {
    const device = cliDevice();
    device.setState({ available: available() });
    device.onStart = () => {
      if (isComing) device.looks.set('pikit-update-apply.service', { active: true });
      return Promise.reject(new UpdateError('SYSTEMD_UNAVAILABLE', 'the bus has gone'));
    };
    expect(await device.run('apply --version 1.4.0')).toMatchObject({ exit: 1, err: containing('the bus has gone') });
    expect(device.deps.files.readWanted()?.version ?? null).toBe(left);
  });

  it('ends with a step that was busy', async () => {
    const device = cliDevice();
    device.setState({ available: available() });
    device.onStart = () => {
      device.setState({ last_result: receipt({ step: 'apply', outcome: 'failed', code: 'BUSY', message: 'another step is running' }) });
      return 'failed';
    };
    expect(await device.run('apply --version 1.4.0')).toMatchObject({ exit: 75 });
    expect(device.deps.files.readWanted()).toBeNull();
  });
});

describe('apply --version', () => {
  it('does nothing when it is installed', async () => {
    const device = cliDevice();
    setVersion(device, '1.4.0');
    expect(await device.run('apply --version 1.4.0')).toEqual({ exit: 0, out: '1.4.0 is installed\n', err: '' });
    expect(device.asked).toEqual([]);
  });

  it('installs the one on offer without asking again', async () => {
    const device = cliDevice();
    device.setState({ available: available() });
    installs(device, '1.4.0');
    expect(await device.run('apply --version 1.4.0')).toMatchObject({ exit: 0 });
    expect(device.asked).toEqual([APPLY]);
    expect(device.deps.files.readWanted()).toMatchObject({ version: '1.4.0', retry: false });
  });

  it('tries a held one again, and says so', async () => {
    const device = cliDevice();
    device.setState({ available: available({ outcome: 'held', reason: 'it fell' }), held: [HELD] });
    installs(device, '1.4.0');
    expect(await device.run('apply --version 1.4.0')).toEqual({
      exit: 0,
      out: '1.4.0 failed here before; retrying\n1.4.0 is installed\n',
      err: '',
    });
    expect(device.deps.files.readWanted()).toMatchObject({ version: '1.4.0', retry: true });
  });

  it('asks first when another one is on offer, and names both when it stays so', async () => {
    const device = cliDevice();
    device.setState({ available: available({ version: '1.5.0' }) });
    expect(await device.run('apply --version 1.4.0')).toEqual({
      exit: 1,
      out: 'checking whether 1.4.0 is available\n',
      err: "error: 1.4.0 is not available: the branch 'stable' offers 1.5.0\nhint: `pikit-update apply` installs 1.5.0; `pikit-update rollback` rolls back to the previous release\n",
    });
    expect(device.asked).toEqual([CHECK]);
  });

  it('goes on over every release that has to come first, and says so before', async () => {
    const device = cliDevice();
    device.setState({ available: available({ version: '1.4.0', route: ['1.4.0', '1.8.0', '2.0.0'] }) });
    const way: Record<string, string[]> = { '1.4.0': ['1.8.0', '2.0.0'], '1.8.0': ['2.0.0'], '2.0.0': [] };
    const wanted: (string | null)[] = [];
    device.onStart = () => {
      const [version = ''] = Object.keys(way);
      wanted.push(device.deps.files.readWanted()?.version ?? null);
      device.deps.files.dropWanted();
      const follows = way[version] ?? [];
      Reflect.deleteProperty(way, version);
      setVersion(device, version);
      const at = `2026-11-20T12:0${String(wanted.length)}:00.000Z`;
      device.setState({
        available: null,
        last_result: receipt({ at, message: `${version} is installed`, ...(follows.length === 0 ? {} : { follows }) }),
      });
      return 'done';
    };
    expect(await device.run('apply --version 2.0.0')).toEqual({
      exit: 0,
      out: '1.4.0 must be installed before 2.0.0\n1.4.0 is installed\ncontinuing with 1.8.0, then 2.0.0\n1.8.0 is installed\ncontinuing with 2.0.0\n2.0.0 is installed\n',
      err: '',
    });
    expect(wanted).toEqual(['1.4.0', null, '2.0.0']);
  });

  it('takes what is confirmed along the whole way, and tries the version that was named again at its turn', async () => {
    const device = cliDevice();
    const { files, paths } = device.deps;
    fs.mkdirSync(`${paths.root}/usr/local/bin`, { recursive: true });
    fs.writeFileSync(`${paths.root}${TOOL}`, 'mine');
    const replace = [{ path: TOOL, sha256: hashFile(paths.root + TOOL) }];
    const held = { ...HELD, version: '2.0.0' };
    device.setState({ available: available({ version: '1.4.0', route: ['1.4.0', '1.8.0', '2.0.0'] }), held: [held] });
    const way = ['1.4.0', '1.8.0', '2.0.0'];
    const met: (Wanted | null)[] = [];
    device.onStart = () => {
      met.push(files.readWanted());
      files.dropWanted();
      const version = way.shift() ?? '';
      const follows = [...way];
      setVersion(device, version);
      const at = `2026-11-20T12:0${String(met.length)}:00.000Z`;
      device.setState({ available: null, held: [held], last_result: receipt({ at, ...(follows.length === 0 ? {} : { follows }) }) });
      return 'done';
    };
    expect(await device.run(`apply --version 2.0.0 --replace ${TOOL}`)).toMatchObject({ exit: 0 });
    expect(met).toEqual([wish(NOW, { version: '1.4.0', replace }), wish(NOW, { replace }), wish(NOW, { version: '2.0.0', retry: true, replace })]);
  });

  it('stops at the version that was named', async () => {
    const device = cliDevice();
    device.setState({ available: available({ version: '1.4.0', route: ['1.4.0', '2.0.0'] }) });
    device.onStart = () => {
      setVersion(device, '1.4.0');
      device.setState({ last_result: receipt({ message: '1.4.0 is installed; 2.0.0 follows', follows: ['2.0.0'] }) });
      return 'done';
    };
    expect(await device.run('apply --version 1.4.0')).toMatchObject({ exit: 0, out: '1.4.0 is installed; 2.0.0 follows\n' });
    expect(device.asked).toEqual([APPLY]);
  });

  it('fails with the check', async () => {
    const device = cliDevice();
    device.onStart = () => {
      device.setState({ last_result: receipt({ step: 'check', outcome: 'failed', code: 'OFFLINE', message: 'no network' }) });
      return 'failed';
    };
    expect(await device.run('apply --version 1.4.0')).toMatchObject({ exit: 1, err: 'error: no network\n' });
    expect(device.asked).toEqual([CHECK]);
  });

  it('does not pass off another version as the wanted one', async () => {
    const device = cliDevice();
    device.setState({ available: available() });
    installs(device, '1.4.1');
    expect(await device.run('apply --version 1.4.0')).toMatchObject({ exit: 1, err: matching(/^error: 1\.4\.1 was installed instead of 1\.4\.0/) });
  });
});

describe('apply --replace', () => {
  it('confirms the file that is there, and no other', async () => {
    const device = cliDevice();
    device.setState({ available: available() });
    installs(device, '1.4.0');
    const path = '/usr/local/bin/tool';
    fs.mkdirSync(`${device.deps.paths.root}/usr/local/bin`, { recursive: true });
    fs.writeFileSync(device.deps.paths.root + path, 'mine');
    expect(await device.run(`apply --replace ${path}`)).toMatchObject({ exit: 0 });
    expect(device.deps.files.readWanted()).toMatchObject({ version: null, replace: [{ path, sha256: hashFile(device.deps.paths.root + path) }] });
    expect(await device.run('apply --replace /usr/local/bin/other')).toMatchObject({ exit: 1, err: containing('is not a file') });
    expect(await device.run('apply --replace tool')).toMatchObject({ exit: 2 });
  });
});
