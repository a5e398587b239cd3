import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Settings } from '../../../../lib/core/device/state.ts';
import { takeLock } from '../../../../lib/io/state/lock.ts';
import { bundledScript } from '../../../helpers/bundled-script.ts';
import type { Device } from '../../../helpers/device.ts';
import { device } from '../../../helpers/device.ts';
import { NETWORK_USER, asNetworkUser, shareFolders } from '../../../helpers/shared-folders.ts';
import { temporaryFolder } from '../../../helpers/site-builder.ts';

const NEVER = new AbortController().signal;

/** Puts the time of day a minute on, so many times, once it is told to: each change builds on the one before. */
const LATER = `
import { devicePaths } from './lib/core/device/paths.ts';
import { stateFiles } from './lib/io/state/state-files.ts';
const files = stateFiles(devicePaths(process.argv[2]), (line) => { throw new Error(line); });
const later = (now) => {
  const minutes = Number(now.time.slice(0, 2)) * 60 + Number(now.time.slice(3)) + 1;
  return { ...now, time: [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':') };
};
const main = async () => {
  process.stdout.write('ready');
  for await (const _ of process.stdin);
  for (let left = Number(process.argv[3]); left > 0; left -= 1) await files.changeSettings(later, new AbortController().signal);
};
main().catch((error) => { console.error(error); process.exit(1); });
`;

let scripts = '';
let later = '';
beforeAll(() => {
  scripts = temporaryFolder('settings-script');
  later = bundledScript(scripts, 'later', LATER);
});
afterAll(() => {
  fs.rmSync(scripts, { recursive: true });
});

function withSettings(about: Partial<Settings>): Device {
  const on = device();
  on.files.writeSettings(Settings.parse(about));
  return on;
}

describe('changeSettings', () => {
  it('changes one thing, keeps the others, and says what was before', async () => {
    const on = withSettings({ branch: 'beta' });
    const before = on.files.readSettings();
    const changed = await on.files.changeSettings((now) => ({ ...now, skipped_version: '1.5.0' }), NEVER);
    expect(changed).toEqual({ before, after: { ...before, skipped_version: '1.5.0' } });
    expect(on.files.readSettings()).toEqual(changed.after);
  });

  it('writes nothing where nothing changes', async () => {
    const on = withSettings({ branch: 'beta' });
    const inode = fs.statSync(on.paths.settings).ino;
    await on.files.changeSettings((now) => now, NEVER);
    expect(fs.statSync(on.paths.settings).ino).toBe(inode);
  });

  it('loses none of many that several processes make at the same time', async () => {
    const on = withSettings({ time: '00:00', branch: 'beta' });
    const processes = [1, 2, 3].map(() => spawn(process.execPath, [later, on.root, '40'], { stdio: ['pipe', 'pipe', 'inherit'] }));
    await Promise.all(processes.map(async ({ stdout }): Promise<unknown> => await once(stdout, 'data')));
    const ends = processes.map(async (child): Promise<unknown> => await once(child, 'exit'));
    for (const { stdin } of processes) stdin.end();
    expect(await Promise.all(ends)).toEqual([1, 2, 3].map(() => [0, null]));
    expect(on.files.readSettings()).toMatchObject({ time: '02:00', branch: 'beta' });
  });

  it('lets go of the lock also where the change fails', async () => {
    const on = withSettings({});
    const fails = (): never => {
      throw new Error('no');
    };
    await expect(on.files.changeSettings(fails, NEVER)).rejects.toThrow('no');
    expect(spawnSync('flock', ['-n', on.paths.settingsLock, 'true']).status).toBe(0);
  });

  it('changes nothing where another process is at it for too long, or the waiting one is stopped', async () => {
    const on = withSettings({ branch: 'beta' });
    const release = await takeLock(on.paths.settingsLock, { waitMs: 0, onWait: () => undefined, signal: NEVER });
    const change = (now: Settings): Settings => ({ ...now, branch: 'stable' });
    const stop = new AbortController();
    const stopped = expect(on.files.changeSettings(change, stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    stop.abort();
    await stopped;
    await expect(on.files.changeSettings(change, NEVER)).rejects.toMatchObject({
      code: 'BUSY',
      message: `the settings are being changed by another process ('${on.paths.settingsLock}' is locked); nothing was changed`,
    });
    release();
    expect(on.files.readSettings().branch).toBe('beta');
  }, 60_000);
});

describe.skipIf(process.getuid?.() !== 0)('the lock of the settings (needs root)', () => {
  it('is of no use to the user of the network steps, who can neither take it nor put another in its place', async () => {
    const on = withSettings({});
    shareFolders(on.root, on.paths);
    await on.files.changeSettings((now) => ({ ...now, branch: 'beta' }), NEVER);
    const { uid, gid, mode } = fs.statSync(on.paths.settingsLock);
    expect([uid, gid, mode & 0o777]).toEqual([0, 0, 0o640]);
    const theirs = (...command: string[]): string => {
      const as = [`--reuid=${String(NETWORK_USER)}`, `--regid=${String(NETWORK_USER)}`, '--clear-groups'];
      return spawnSync('setpriv', [...as, ...command], { encoding: 'utf8' }).stderr;
    };
    fs.chmodSync(on.root, 0o755);
    expect(theirs('flock', '-n', on.paths.settings, 'true')).toBe('');
    for (const command of [
      ['flock', '-n', on.paths.settingsLock, 'true'],
      ['rm', '-f', on.paths.settingsLock],
      ['mv', on.paths.orders, `${on.paths.orders}.away`],
    ])
      expect(theirs(...command), command[0]).toMatch(/Permission denied|Operation not permitted/);
  });

  it('is not asked for by a user who may not choose', async () => {
    const on = withSettings({});
    shareFolders(on.root, on.paths);
    fs.rmSync(on.paths.settingsLock, { force: true });
    const change = asNetworkUser(async () => await on.files.changeSettings((now) => now, NEVER));
    await expect(change).rejects.toMatchObject({ code: 'PERMISSION' });
    expect(fs.existsSync(on.paths.settingsLock)).toBe(false);
  });
});
