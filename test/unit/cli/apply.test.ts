import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CliDevice } from '../../helpers/cli-device.ts';
import { available, cliDevice, receipt } from '../../helpers/cli-device.ts';
import { hashFile } from '../../../lib/transaction/durable.ts';
import { containing, matching } from '../../helpers/matchers.ts';

const APPLY = 'start pikit-update-apply.service';
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
      files.writeRetry('1.4.0');
      files.writeWanted({ version: '1.4.0', manifest_sha256: null, at: device.deps.now().toISOString() });
      files.writeConfirmed([{ path: '/usr/local/bin/tool', sha256: '0'.repeat(64) }]);
      device.setState({ last_result: receipt({ step: 'fetch', outcome: 'failed', code: 'NO_SPACE', message: 'no room', hint: 'free some' }) });
      return 'dependency';
    };
    const { exit, out, err } = await device.run('apply --json');
    expect({ exit, err }).toEqual({ exit: 1, err: 'error: no room\nhint: free some\n' });
    expect(JSON.parse(out)).toMatchObject({ result: { step: 'fetch' }, error: { code: 'NO_SPACE', message: 'no room', hint: 'free some' } });
    expect([files.readRetry(), files.readWanted(), files.takeConfirmed()], 'what was agreed to for this run').toEqual([null, null, []]);
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
    expect(device.deps.files.readRetry()).toBeNull();
  });

  it('tries a held one again, and says so', async () => {
    const device = cliDevice();
    device.setState({ available: available({ outcome: 'held', reason: 'it fell' }), held: [HELD] });
    installs(device, '1.4.0');
    expect(await device.run('apply --version 1.4.0')).toEqual({
      exit: 0,
      out: '1.4.0 failed here before, and is tried again\n1.4.0 is installed\n',
      err: '',
    });
    expect(device.deps.files.readRetry()).toBe('1.4.0');
  });

  it('asks first when another one is on offer, and names both when it stays so', async () => {
    const device = cliDevice();
    device.setState({ available: available({ version: '1.5.0' }) });
    expect(await device.run('apply --version 1.4.0')).toEqual({
      exit: 1,
      out: 'asking whether 1.4.0 is there\n',
      err: "error: 1.4.0 is not on offer: the branch 'stable' offers 1.5.0\nhint: `pikit-update apply` installs 1.5.0; `pikit-update rollback` goes back to the release before\n",
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
      out: '1.4.0 comes before 2.0.0\n1.4.0 is installed\ngoing on to 1.8.0, then 2.0.0\n1.8.0 is installed\ngoing on to 2.0.0\n2.0.0 is installed\n',
      err: '',
    });
    expect(wanted).toEqual(['1.4.0', null, '2.0.0']);
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
    expect(await device.run('apply --version 1.4.0')).toMatchObject({ exit: 1, err: matching(/^error: 1\.4\.1 was installed, and not 1\.4\.0/) });
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
    const [confirmed] = device.deps.files.takeConfirmed();
    expect(confirmed).toEqual({ path, sha256: hashFile(device.deps.paths.root + path) });
    expect(await device.run('apply --replace /usr/local/bin/other')).toMatchObject({ exit: 1, err: containing('is not a file') });
    expect(await device.run('apply --replace tool')).toMatchObject({ exit: 2 });
  });
});
