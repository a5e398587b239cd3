import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runHookUnit } from '../../../../lib/io/process/hook-unit.ts';
import { temporary } from '../../../helpers/device.ts';
import type { FakeSystemd } from '../../../helpers/fake-systemd.ts';
import { fakeSystemd, hasBus } from '../../../helpers/fake-systemd.ts';
import { containing } from '../../../helpers/matchers.ts';

const UNIT = 'pikit-update-hook-2.service';
const COMMAND = ['/usr/local/bin/migrate', '--to', '2'];

describe.skipIf(!hasBus)('runHookUnit (skipped without dbus-daemon)', () => {
  let fake: FakeSystemd;
  let folder = '';
  beforeEach(async () => {
    fake = await fakeSystemd();
    folder = temporary();
  });
  afterEach(async () => {
    await fake.stop();
  });

  const run = (signal?: AbortSignal): ReturnType<typeof runHookUnit> =>
    runHookUnit(COMMAND, { n: 2, places: ['/var/www/pikit-web'], folder, timeoutMs: 5000, ...(signal === undefined ? {} : { signal }) });

  /** What systemd does for it: the command writes this, and ends like that. */
  const ends = (result: string, status: number, said = ''): void => {
    fake.units.set(UNIT, { unit: { ActiveState: ['s', 'failed'] }, service: { Result: ['s', result], ExecMainStatus: ['i', status] } });
    fake.job = async (verb) => {
      if (verb !== 'StartTransientUnit') return 'done';
      const socket = net.connect(join(folder, 'hook-2.sock'));
      await once(socket, 'connect');
      socket.end(said);
      return result === 'success' ? 'done' : 'failed';
    };
  };

  it('makes a unit of the command, and returns what it wrote', async () => {
    ends('success', 0, 'one\ntwo\n');
    expect(await run()).toEqual({ exitCode: 0, signal: null, why: null, output: 'one\ntwo\n' });
    const settings = fake.transient.get(UNIT);
    expect(settings?.get('ExecStartEx')).toEqual([[['/usr/local/bin/migrate', COMMAND, ['no-env-expand']]]]);
    expect(settings?.get('AddRef')).toEqual([true]);
    expect(settings?.get('StandardOutputFile')).toEqual([join(folder, 'hook-2.sock')]);
    expect(settings?.get('PartOf')).toEqual([['pikit-update-apply.service']]);
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['exit-code', 3, { exitCode: 3, signal: null, why: null }],
    ['exit-code', 203, { exitCode: 203, signal: null, why: 'systemd could not execute it' }],
    ['exit-code', 226, { exitCode: 226, signal: null, why: 'systemd could not make its sandbox' }],
    ['signal', 11, { exitCode: null, signal: 'SIGSEGV', why: null }],
    ['core-dump', 6, { exitCode: null, signal: 'SIGABRT', why: null }],
    ['signal', 40, { exitCode: null, signal: 'signal 40', why: null }],
    ['oom-kill', 9, { exitCode: null, signal: 'SIGKILL', why: containing('memory') }],
  ])('returns the end %s %i', async (result, status, expected) => {
    ends(result, status, 'last words');
    expect(await run()).toEqual({ ...expected, output: 'last words' });
  });

  it('keeps the end of an output that has none', async () => {
    ends('success', 0, `${'x'.repeat(200_000)}end`);
    const { output } = await run();
    expect(output.length).toBe(64 * 1024);
    expect(output.endsWith('xend')).toBe(true);
  });

  it('tells a time that is over from all other ends', async () => {
    ends('timeout', 15);
    await expect(run()).rejects.toMatchObject({ code: 'DEADLINE', message: "'/usr/local/bin/migrate' was still running after 5 s" });
  });

  it('says so when systemd cannot start it', async () => {
    ends('resources', 0);
    await expect(run()).rejects.toMatchObject({ code: 'STEP_FAILED', hint: containing(UNIT) });
  });

  it('passes on what systemd refuses, and leaves no socket', async () => {
    fake.refusals.set('StartTransientUnit', ['org.freedesktop.DBus.Error.PropertyReadOnly', 'Cannot set property X, or unknown property.']);
    await expect(run()).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE' });
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('stops it with the step, and does not blame the release', async () => {
    const stop = new AbortController();
    let cancel: (result: string) => void = () => undefined;
    fake.units.set(UNIT, { unit: {}, service: { Result: ['s', 'signal'], ExecMainStatus: ['i', 15] } });
    fake.job = (verb) => {
      if (verb === 'StopUnit') {
        cancel('canceled');
        return 'done';
      }
      stop.abort();
      return new Promise((resolve) => {
        cancel = resolve;
      });
    };
    await expect(run(stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(fake.calls).toContain(`StopUnit ${UNIT} replace`);
    await expect(run(stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('takes a stop by another process for one', async () => {
    ends('success', 0);
    fake.job = () => 'canceled';
    await expect(run()).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('takes the place of a socket that a killed step has left', async () => {
    fs.writeFileSync(join(folder, 'hook-2.sock'), '');
    ends('success', 0, 'here');
    expect(await run()).toMatchObject({ output: 'here' });
  });

  it('fails when the bus gets lost', async () => {
    ends('success', 0);
    fake.job = async () => {
      await fake.killBus();
      return 'never';
    };
    await expect(run()).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE' });
    await fake.reviveBus();
  });
});
