import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../../lib/core/run/run-record.ts';
import { stepBegun, stepEnded, updateBegun } from '../../../../lib/core/run/run-record.ts';
import type { Activity } from '../../../../lib/core/run/run-state.ts';
import { runOf } from '../../../../lib/core/run/run-state.ts';
import { stepReported } from '../../../../lib/core/run/run-time.ts';
import { Run } from '../../../../lib/core/run/run.ts';
import type { Receipt } from '../../../../lib/core/device/state.ts';
import { NOW, PROGRESS } from '../../../helpers/cli-device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { stepStart } from '../../../helpers/run-start.ts';

type Step = Receipt['step'];

const MEDIANS = { check: 1000, fetch: 30_000, apply: 10_000, rollback: 5000, recover: 2000 };
const AT_WORK: Activity = { is: 'at-work' };
const OVER: Activity = { is: 'over', unit: null };
const BEGUN = { id: 'b'.repeat(32), at: NOW.toISOString() };

const over = (
  record: RunRecord,
  outcome: Receipt['outcome'],
  more: { code?: string; message?: string; hint?: string; version?: string; goesOn?: boolean } = {},
): RunRecord => {
  const { goesOn = false, ...end } = more;
  return stepEnded(
    record,
    record.steps.at(-1)?.invocation ?? '',
    { at: NOW, outcome, code: null, message: 'so', hint: null, version: null, ...end },
    goesOn,
  );
};
const run = (record: RunRecord, activity: Activity): Run => Run.parse(runOf(record, activity));
const steps = ({ steps: all }: Run): string => all.map(({ step, state }) => `${step}:${state}`).join(' ');

const checking = stepBegun(null, stepStart('check', { byTimer: true, auto: 'install' }));
const fetching = stepBegun(null, stepStart('fetch', { begun: BEGUN }));
const fetched = over(fetching, 'ok', { version: '1.4.0', goesOn: true });
const applying = stepBegun(fetched, stepStart('apply'));

describe('a run that is going on', () => {
  it('is what its file says', () => {
    expect(run(stepReported(fetching, PROGRESS, MEDIANS), AT_WORK)).toEqual({
      id: BEGUN.id,
      kind: 'update',
      by: 'owner',
      state: 'running',
      started: BEGUN.at,
      ended: null,
      steps: [
        { step: 'fetch', state: 'running', started: NOW.toISOString(), ended: null, outcome: null },
        { step: 'apply', state: 'waiting', started: null, ended: null, outcome: null },
      ],
      phase: 'downloading',
      version: '1.4.0',
      percent: 30,
      bytes: PROGRESS.bytes,
      total_bytes: PROGRESS.total_bytes,
      rate_bytes_per_s: PROGRESS.rate_bytes_per_s,
      seconds_left: 16,
      can_cancel: true,
      outcome: null,
      code: null,
      message: null,
      hint: null,
    });
  });

  it.each<[string, RunRecord, Activity, string]>([
    ['a check that may go on', checking, AT_WORK, 'check:running fetch:waiting apply:waiting'],
    [
      'between two steps',
      over(checking, 'ok', { goesOn: true }),
      { is: 'coming', step: 'fetch', unit: null },
      'check:done fetch:waiting apply:waiting',
    ],
    ['before its first step', updateBegun(BEGUN), { is: 'coming', step: 'fetch', unit: null }, 'fetch:waiting apply:waiting'],
    ['after a download', applying, AT_WORK, 'fetch:done apply:running'],
    ['without a download', stepBegun(null, stepStart('apply')), AT_WORK, 'fetch:skipped apply:running'],
    [
      'with the rollback of an apply that was killed',
      applying,
      { is: 'coming', step: 'rollback', unit: { result: 'signal', exitStatus: 9 } },
      'fetch:done apply:failed rollback:waiting',
    ],
  ])('%s', (_name, record, activity, expected) => {
    const seen = run(record, activity);
    expect([seen.state, seen.outcome, steps(seen)]).toEqual(['running', null, expected]);
  });

  it.each([
    ['check', 'checking', true],
    ['fetch', 'downloading', true],
    ['apply', 'installing', true],
    ['apply', 'going-back', false],
    ['rollback', 'preparing', false],
    ['recover', 'recovering', false],
  ] as const)('can be cancelled in a %s (%s): %s', (step, phase, expected) => {
    const record = stepReported(stepBegun(null, stepStart(step)), { ...PROGRESS, step, phase }, MEDIANS);
    expect(run(record, AT_WORK).can_cancel).toBe(expected);
  });
});

describe('the end of a run', () => {
  it.each([
    ['apply', 'ok', 'done'],
    ['apply', 'nothing', 'done'],
    ['apply', 'rolled-back', 'failed'],
    ['apply', 'cancelled', 'cancelled'],
    ['apply', 'broken', 'failed'],
    ['rollback', 'rolled-back', 'done'],
    ['recover', 'rolled-back', 'done'],
    ['fetch', 'failed', 'failed'],
  ] as const)('a %s that came to %s is %s', (step: Step, outcome, state) => {
    expect(run(over(stepBegun(null, stepStart(step)), outcome), AT_WORK).steps.at(-1)).toMatchObject({ state, outcome });
  });

  it('is what its last step came to', () => {
    expect(run(over(applying, 'ok', { message: '1.4.0 is installed', version: '1.4.0' }), AT_WORK)).toMatchObject({
      state: 'ended',
      ended: NOW.toISOString(),
      percent: 100,
      seconds_left: null,
      can_cancel: false,
      phase: null,
      version: '1.4.0',
      outcome: 'ok',
      code: null,
      message: '1.4.0 is installed',
    });
  });

  it('says why, and is never all of it then', () => {
    const record = over(applying, 'rolled-back', { code: 'PROBE_FAILED', message: 'no response', hint: 'look' });
    expect(run(record, OVER)).toMatchObject({ percent: null, outcome: 'rolled-back', code: 'PROBE_FAILED', message: 'no response', hint: 'look' });
  });

  it('of an apply that was killed is its rollback, with the reason why there was one', () => {
    const back = stepBegun(applying, stepStart('rollback', { token: { run: 'apply-1', until: 'rollback', by: 'apply' } }));
    expect(run(over(back, 'rolled-back', { message: 'installing 1.4.0 failed' }), OVER)).toMatchObject({
      kind: 'update',
      state: 'ended',
      outcome: 'rolled-back',
      code: 'STEP_FAILED',
      message: 'installing 1.4.0 failed',
    });
  });

  it.each([
    [{ result: 'oom-kill', exitStatus: 9 }, 'STEP_FAILED', 'the last apply failed (out of memory)'],
    [null, 'STEP_FAILED', 'the last apply ended without a result'],
  ])('of a step that was killed between two writes is a failure: %j', (unit, code, message) => {
    expect(run(stepReported(applying, { ...PROGRESS, step: 'apply' }, MEDIANS), { is: 'over', unit })).toMatchObject({
      state: 'ended',
      ended: null,
      phase: null,
      percent: null,
      outcome: 'failed',
      code,
      message,
      hint: containing('journalctl -u pikit-update-apply.service'),
    });
  });

  it.each([
    [null, 'cancelled', 'CANCELLED', 'the run was stopped before apply started'],
    [{ result: 'exit-code', exitStatus: 75 }, 'failed', 'BUSY', 'the last apply gave up waiting: another update step was running'],
    [{ result: 'start-limit-hit', exitStatus: null }, 'failed', 'STEP_FAILED', 'the last apply did not start: it was started too often'],
  ])('of one whose next step never began says so: %j', (unit, outcome, code, message) => {
    const seen = run(fetched, { is: 'over', unit });
    expect(seen).toMatchObject({ state: 'ended', outcome, code, message });
    expect(steps(seen)).toBe(`fetch:done apply:${outcome}`);
  });
});
