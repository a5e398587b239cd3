import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../lib/core/run-record.ts';
import { stepBegun, stepEnded } from '../../../lib/core/run-record.ts';
import type { RunFacts } from '../../../lib/core/run-state.ts';
import { runOf } from '../../../lib/core/run-state.ts';
import { Run } from '../../../lib/core/run.ts';
import type { Receipt, Token } from '../../../lib/core/state.ts';
import { AT_REST, NOW, PROGRESS } from '../../helpers/cli-device.ts';

type Step = Receipt['step'];

const T0 = new Date(NOW.getTime() - 5000);
const REST = { check: AT_REST, fetch: AT_REST, apply: AT_REST, rollback: AT_REST, recover: AT_REST };
const MEDIANS = { check: 1000, fetch: 30_000, apply: 10_000, rollback: 5000, recover: 2000 };

const begun = (step: Step, record: RunRecord | null = null, token: Token | null = null): RunRecord =>
  stepBegun(record, { step, invocation: `${step}-1`, pid: 7, at: T0, byTimer: step === 'check', token });
const over = (
  record: RunRecord,
  outcome: Receipt['outcome'],
  more: { code?: string; message?: string; hint?: string; version?: string } = {},
): RunRecord =>
  stepEnded(record, record.steps.at(-1)?.invocation ?? '', { at: T0, outcome, code: null, message: 'so', hint: null, version: null, ...more });

/** Everything on record without an end is at work. */
function run(more: Partial<RunFacts>): Run {
  const facts = {
    record: null,
    units: REST,
    isAlive: () => true,
    passes: [],
    now: NOW,
    progress: null,
    medians: MEDIANS,
    auto: 'check' as const,
    ...more,
  };
  return Run.parse(runOf(facts));
}

describe('runOf', () => {
  it('is nothing before the first', () => {
    const facts = { record: null, units: null, isAlive: () => true, passes: [], now: NOW, progress: null, medians: MEDIANS, auto: 'check' as const };
    expect(runOf(facts)).toBeNull();
  });

  it('is a download and the installation that waits for it, as one', () => {
    const units = { ...REST, fetch: { ...AT_REST, active: true, invocation: 'fetch-1' }, apply: { ...AT_REST, waiting: true } };
    expect(run({ record: begun('fetch'), units, progress: PROGRESS })).toEqual({
      id: 'fetch-1',
      kind: 'update',
      by: 'owner',
      state: 'running',
      started: T0.toISOString(),
      ended: null,
      steps: [
        { step: 'fetch', state: 'running', started: T0.toISOString(), ended: null, outcome: null },
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

  it('says that nothing had to be fetched', () => {
    expect(run({ record: begun('apply') }).steps).toMatchObject([
      { step: 'fetch', state: 'skipped' },
      { step: 'apply', state: 'running' },
    ]);
  });

  it('believes no report of another step', () => {
    expect(run({ record: begun('apply'), progress: PROGRESS })).toMatchObject({ phase: null, version: null, bytes: null });
  });

  it.each([
    ['check', begun('check'), [], 'check'],
    ['check-that-goes-on', over(begun('check'), 'ok'), ['fetch', 'apply'], 'update'],
    ['check-that-goes-on-to-a-download', over(begun('check'), 'ok'), ['fetch', 'fetch'], 'download'],
    ['download', begun('fetch', over(begun('check'), 'ok'), { run: 'check-1', until: 'fetch', by: 'timer' }), [], 'download'],
    [
      'timer-update-whose-download-failed',
      over(begun('fetch', over(begun('check'), 'ok'), { run: 'check-1', until: 'apply', by: 'timer' }), 'failed'),
      [],
      'update',
    ],
    ['download-that-failed', over(begun('fetch'), 'failed'), [], 'update'],
    ['download-that-is-done', over(begun('fetch'), 'ok'), [], 'download'],
    ['apply', begun('apply'), [], 'update'],
    ['rollback', begun('rollback'), [], 'rollback'],
    ['rollback-of-an-apply', begun('rollback', begun('apply')), [], 'update'],
    ['recover', begun('recover'), [], 'recovery'],
  ] as const)('is of a kind: %s', (_name, record, [step, until], kind) => {
    const passes = step === undefined || until === undefined ? [] : [{ step, token: { run: record.id, until, by: 'timer' as const }, gate: false }];
    expect(run({ record, passes }).kind).toBe(kind);
  });

  it.each([
    ['of the timer, which may go on', begun('check'), 'install', false],
    ['of the timer, which may download', begun('check'), 'download', false],
    ['of the timer, which may not', begun('check'), 'check', true],
    ['that nobody knows the starter of yet', null, 'install', false],
    ['that nobody knows the starter of yet, which will not go on', null, 'check', true],
    ['of the owner', stepBegun(null, { step: 'check', invocation: 'check-1', pid: 7, at: T0, byTimer: false, token: null }), 'install', true],
  ] as const)('tells how far it is, in a check %s', (_name, record, auto, isTold) => {
    const units = { ...REST, check: { ...AT_REST, active: true, invocation: 'check-1', since: T0.toISOString() } };
    const { percent, seconds_left: left, kind } = run({ record, auto, units });
    expect([percent === null, left === null, kind]).toEqual([!isTold, !isTold, 'check']);
  });

  it.each([
    ['check', null, true],
    ['fetch', 'downloading', true],
    ['apply', 'installing', true],
    ['apply', 'going-back', false],
    ['rollback', 'preparing', false],
    ['recover', 'recovering', false],
  ] as const)('a %s (%s) can be cancelled: %s', (step, phase, expected) => {
    const progress = phase === null ? null : { ...PROGRESS, step, phase };
    expect(run({ record: begun(step), progress }).can_cancel).toBe(expected);
  });

  it.each([
    ['a queued download', 'fetch', true],
    ['a queued rollback', 'rollback', false],
  ] as const)('%s can be cancelled as well as a running one', (_name, step, expected) => {
    expect(run({ units: { ...REST, [step]: { ...AT_REST, waiting: true } } })).toMatchObject({ state: 'running', can_cancel: expected });
  });
});

describe('the end of a run', () => {
  it('is what its last step came to', () => {
    const record = over(begun('apply', over(begun('fetch'), 'ok', { version: '1.4.0' })), 'ok', { message: '1.4.0 is installed', version: '1.4.0' });
    expect(run({ record })).toMatchObject({
      state: 'ended',
      ended: T0.toISOString(),
      percent: 100,
      seconds_left: null,
      can_cancel: false,
      version: '1.4.0',
      outcome: 'ok',
      code: null,
      message: '1.4.0 is installed',
    });
  });

  it('says why, and is never all of it then', () => {
    const record = over(begun('apply'), 'rolled-back', { code: 'PROBE_FAILED', message: 'nobody answers', hint: 'look' });
    expect(run({ record })).toMatchObject({ percent: null, outcome: 'rolled-back', code: 'PROBE_FAILED', message: 'nobody answers', hint: 'look' });
  });

  it('of an apply that was killed is its rollback, with the reason why there was one', () => {
    const record = over(begun('rollback', begun('apply')), 'rolled-back', { message: '1.4.0 was not installed' });
    expect(run({ record, isAlive: () => false })).toMatchObject({
      kind: 'update',
      state: 'ended',
      outcome: 'rolled-back',
      code: 'STEP_FAILED',
      message: '1.4.0 was not installed',
    });
  });

  it('that nobody told is a failure', () => {
    expect(run({ record: begun('check'), isAlive: () => false })).toMatchObject({
      state: 'ended',
      ended: null,
      outcome: 'failed',
      code: 'STEP_FAILED',
    });
  });
});
