import fs from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import type { StepStart } from '../../../lib/core/run/run-record.ts';
import { stepBegun, stepEnded } from '../../../lib/core/run/run-record.ts';
import type { Run } from '../../../lib/core/run/run.ts';
import type { UnitSight } from '../../../lib/core/run/unit-sight.ts';
import { readRun, startOf } from '../../../lib/device/run.ts';
import type { CliDevice } from '../../helpers/cli-device.ts';
import { NOW, cliDevice } from '../../helpers/cli-device.ts';
import { stepStart } from '../../helpers/run-start.ts';

type Step = StepStart['step'];

const ID = 'b'.repeat(32);

/** What a step leaves that has begun. */
function begin({ deps: { files } }: CliDevice, step: Step, more: Partial<StepStart> = {}): void {
  files.writeRunRecord(stepBegun(files.readRunRecord(), stepStart(step, more)));
}

function end({ deps: { files } }: CliDevice, goesOn = false): void {
  const record = files.readRunRecord();
  if (record === null) throw new Error('no record');
  const ended = { at: NOW, outcome: 'ok', code: null, message: 'so', hint: null, version: '1.4.0' } as const;
  files.writeRunRecord(stepEnded(record, record.steps.at(-1)?.invocation ?? '', ended, goesOn));
}

/** What the unit leaves that opens an update by hand. */
function link({ deps: { paths } }: CliDevice, at = NOW): void {
  fs.mkdirSync(dirname(paths.begun), { recursive: true });
  fs.symlinkSync(ID, paths.begun);
  fs.lutimesSync(paths.begun, at, at);
}

const look = (device: CliDevice, unit: string, sight: Partial<UnitSight>): void => void device.looks.set(`pikit-update-${unit}.service`, sight);
const told = (run: Run | null): string =>
  run === null ? 'nothing' : [run.kind, run.state, ...run.steps.map(({ step, state }) => `${step}:${state}`), run.message ?? ''].join(' ').trim();
const TIMER = { byTimer: true, auto: 'install' } as const;
const OOM = { result: 'oom-kill', exitStatus: 9 } as const;
const LATER = new Date(NOW.getTime() + 1).toISOString();

describe('readRun', () => {
  it.each<[string, (device: CliDevice) => void, string]>([
    ['nothing on a device that was just started', () => undefined, 'nothing'],
    [
      'a step at work, by its unit',
      (device) => {
        begin(device, 'check');
        look(device, 'check', { active: true, invocation: 'check-1' });
      },
      'check running check:running',
    ],
    [
      'one by hand, without a unit, by its process',
      (device) => {
        begin(device, 'apply');
      },
      'update running fetch:skipped apply:running',
    ],
    [
      'one that was killed, with its number at work elsewhere',
      (device) => {
        begin(device, 'apply');
        look(device, 'apply', { invocation: 'apply-1', ...OOM });
      },
      'update ended fetch:skipped apply:failed the last apply failed (out of memory)',
    ],
    [
      'the rollback that is coming of one that was killed',
      (device) => {
        begin(device, 'apply');
        look(device, 'apply', { invocation: 'apply-1', result: 'signal' });
        look(device, 'gate@rollback', { waiting: true });
      },
      'update running fetch:skipped apply:failed rollback:waiting',
    ],
    [
      'between two steps: the unit of the first is about to end',
      (device) => {
        begin(device, 'check', TIMER);
        end(device, true);
        look(device, 'check', { active: true, invocation: 'check-1' });
      },
      'update running check:done fetch:waiting apply:waiting',
    ],
    [
      'between two steps: the gate',
      (device) => {
        begin(device, 'check', TIMER);
        end(device, true);
        look(device, 'gate@fetch', { active: true });
      },
      'update running check:done fetch:waiting apply:waiting',
    ],
    [
      'between two steps: the next one waits',
      (device) => {
        begin(device, 'fetch', { begun: { id: ID, at: NOW.toISOString() } });
        end(device, true);
        look(device, 'apply', { waiting: true });
      },
      'update running fetch:done apply:waiting',
    ],
    [
      'between two steps, and nothing comes',
      (device) => {
        begin(device, 'check', TIMER);
        end(device, true);
        look(device, 'check', { active: true, invocation: 'check-2' });
      },
      'update ended check:done fetch:cancelled the run was stopped before fetch started',
    ],
    [
      'between two steps, and the second gave up waiting for the lock',
      (device) => {
        begin(device, 'fetch', { begun: { id: ID, at: NOW.toISOString() } });
        end(device, true);
        look(device, 'apply', { invocation: 'apply-1', since: LATER, result: 'exit-code', exitStatus: 75 });
      },
      'update ended fetch:done apply:failed the last apply gave up waiting: another update step was running',
    ],
    [
      'one that has ended, while its unit goes',
      (device) => {
        begin(device, 'apply');
        end(device);
        look(device, 'apply', { active: true, invocation: 'apply-1' });
      },
      'update ended fetch:skipped apply:done so',
    ],
    [
      'an update by hand that waits for its first step',
      (device) => {
        link(device);
        look(device, 'apply', { waiting: true });
      },
      'update running fetch:waiting apply:waiting',
    ],
    [
      'what is at work before what waits behind it',
      (device) => {
        begin(device, 'check');
        link(device);
        look(device, 'apply', { waiting: true });
      },
      'check running check:running',
    ],
    ['one that was taken back before its first step', link, 'update ended fetch:cancelled the run was stopped before fetch started'],
    [
      'one that the start limit refused',
      (device) => {
        link(device);
        look(device, 'fetch', { result: 'start-limit-hit', invocation: 'long-ago', since: LATER });
      },
      'update ended fetch:failed the last fetch did not start: it was started too often',
    ],
    [
      'no start limit that had refused an earlier one',
      (device) => {
        link(device);
        look(device, 'fetch', { result: 'start-limit-hit', invocation: 'long-ago', since: '2026-11-20T10:00:00.000Z' });
      },
      'update ended fetch:cancelled the run was stopped before fetch started',
    ],
    [
      'a run that has ended since an update was taken back',
      (device) => {
        link(device, new Date(NOW.getTime() - 1000));
        begin(device, 'check');
        end(device);
      },
      'check ended check:done so',
    ],
    [
      'a start that was killed before it wrote anything',
      (device) => {
        begin(device, 'rollback');
        end(device);
        look(device, 'check', { invocation: 'check-2', since: LATER, ...OOM });
      },
      'check ended check:failed the last check failed (out of memory)',
    ],
    [
      'not one that was killed before the run on record',
      (device) => {
        begin(device, 'rollback');
        end(device);
        look(device, 'check', { invocation: 'check-2', since: NOW.toISOString(), ...OOM });
      },
      'rollback ended rollback:done so',
    ],
    [
      'not one that failed by itself, whose receipt tells why',
      (device) => {
        begin(device, 'rollback');
        end(device);
        look(device, 'check', { invocation: 'check-2', since: LATER, result: 'exit-code', exitStatus: 1 });
      },
      'rollback ended rollback:done so',
    ],
  ])('tells of %s', async (_name, prepare, expected) => {
    const device = cliDevice();
    prepare(device);
    expect(told(await readRun(device.deps))).toBe(expected);
  });

  it('looks again when a step has written something meanwhile', async () => {
    const device = cliDevice();
    begin(device, 'check', TIMER);
    end(device, true);
    const runner = await device.deps.units();
    const lookAt = (unit: string): Promise<UnitSight> => {
      // The gate is over, and what it started has begun since the record was read.
      if (unit === 'pikit-update-fetch.service' && device.deps.files.readRunRecord()?.steps.length === 1) {
        begin(device, 'fetch', { token: { run: 'check-1', until: 'apply', by: 'timer' } });
      }
      return runner.look(unit);
    };
    expect(told(await readRun({ ...device.deps, units: () => Promise.resolve({ ...runner, look: lookAt }) }))).toBe(
      'update running check:done fetch:running apply:waiting',
    );
  });

  it('looks again when an update was asked for meanwhile: its download is not a run of its own', async () => {
    const device = cliDevice();
    begin(device, 'check');
    end(device);
    const runner = await device.deps.units();
    const since = LATER;
    const lookAt = (unit: string): Promise<UnitSight> => {
      // The link is made, and the download has begun, after the first look for the link.
      if (unit === 'pikit-update-fetch.service' && device.deps.files.readBegun() === null) {
        link(device, new Date(NOW.getTime() + 1));
        look(device, 'fetch', { active: true, invocation: 'f'.repeat(32), since });
        look(device, 'apply', { waiting: true });
      }
      return runner.look(unit);
    };
    const run = await readRun({ ...device.deps, units: () => Promise.resolve({ ...runner, look: lookAt }) });
    expect([told(run), run?.id]).toEqual(['update running fetch:waiting apply:waiting', ID]);
  });

  it('works without systemd, by the file and the process alone', async () => {
    const units = () => Promise.reject(new UpdateError('SYSTEMD_UNAVAILABLE', 'no bus'));
    for (const alive of [true, false]) {
      const device = cliDevice({ alive });
      link(device);
      begin(device, 'check', TIMER);
      expect(await readRun({ ...device.deps, units })).toMatchObject({ state: alive ? 'running' : 'ended', outcome: alive ? null : 'failed' });
      end(device, true);
      expect(told(await readRun({ ...device.deps, units }))).toBe('update running check:done fetch:waiting apply:waiting');
    }
  });

  it('writes nothing', async () => {
    const device = cliDevice();
    begin(device, 'check');
    const tree = (): string[] => fs.readdirSync(device.root, { recursive: true, encoding: 'utf8' }).sort();
    const before = tree();
    await readRun(device.deps);
    expect(tree()).toEqual(before);
  });
});

it('knows a start by its unit alone', () => {
  expect(startOf('rollback', 'x', LATER, null)).toMatchObject({ id: 'x', kind: 'rollback', state: 'running', started: LATER });
});
