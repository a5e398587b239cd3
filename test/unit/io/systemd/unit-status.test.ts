import { describe, expect, it } from 'vitest';
import { isMeantToRun, lookOf, nextElapse, unitStatus } from '../../../../lib/io/systemd/unit-status.ts';

const properties = (values: Record<string, unknown>) => new Map(Object.entries(values));

describe('unitFacts', () => {
  it('takes what is missing or of another type as not there', () => {
    expect(unitStatus('a.service', properties({ LoadState: 'loaded', ActiveState: 3 }), properties({ NRestarts: 'many', Result: null }))).toEqual({
      name: 'a.service',
      loadState: 'loaded',
      activeState: '',
      subState: '',
      unitFileState: '',
      type: null,
      result: null,
      restarts: null,
      exitStatus: null,
      statusText: null,
      hasJob: false,
      invocation: null,
      since: null,
      refused: null,
    });
  });

  it('knows the job that is queued, and which start it was, from when', () => {
    const id = Buffer.from('0123456789abcdef0123456789abcdef', 'hex');
    const unit = properties({ Job: [7, '/org/freedesktop/systemd1/job/7'], InvocationID: id, InactiveExitTimestamp: 1_795_000_000_123_456n });
    expect(unitStatus('a.service', unit, new Map())).toMatchObject({
      hasJob: true,
      invocation: '0123456789abcdef0123456789abcdef',
      since: new Date(1_795_000_000_123),
    });
    expect(unitStatus('a.service', properties({ InvocationID: Buffer.alloc(16) }), new Map()).invocation).toBeNull();
  });

  it.each([
    ['never-ran', 0n, null],
    ['ran', 5n, 0],
  ])('exit-status-%s', (_name, at, expected) => {
    expect(unitStatus('a.service', new Map(), properties({ ExecMainExitTimestamp: at, ExecMainStatus: 0 })).exitStatus).toBe(expected);
  });
});

describe('lookOf', () => {
  it.each([
    ['active', 0, true, false],
    ['activating', 7, true, false],
    ['deactivating', 0, true, false],
    ['inactive', 7, false, true],
    ['failed', 7, false, true],
    ['inactive', 0, false, false],
    ['failed', 0, false, false],
  ])('a unit that is %s with job %i is active: %s, waiting: %s', (state, job, active, waiting) => {
    const unit = properties({ ActiveState: state, Job: [job, '/'], InactiveExitTimestamp: 1_000_000n });
    expect(lookOf(unitStatus('a.service', unit, new Map()))).toEqual({
      active,
      waiting,
      result: null,
      exitStatus: null,
      invocation: null,
      since: '1970-01-01T00:00:01.000Z',
    });
  });

  // As systemd 252 and 257 have it, with StartLimitBurst=2: a unit that fails, and is started a third time.
  it.each([
    ['that has failed', 'failed', 20n, 20n, 'exit-code', '1970-01-01T00:00:00.010Z'],
    ['that was refused after it had failed', 'failed', 20n, 30n, 'start-limit-hit', '1970-01-01T00:00:00.030Z'],
    ['that was refused, and was reset', 'inactive', 0n, 0n, 'exit-code', '1970-01-01T00:00:00.010Z'],
    ['that runs again since', 'activating', 20n, 40n, 'exit-code', '1970-01-01T00:00:00.010Z'],
  ])('tells of a start %s', (_name, state, ended, changed, result, since) => {
    const times = { InactiveExitTimestamp: 10_000n, InactiveEnterTimestamp: ended * 1000n, StateChangeTimestamp: changed * 1000n };
    expect(lookOf(unitStatus('a.service', properties({ ActiveState: state, ...times }), properties({ Result: 'exit-code' })))).toMatchObject({
      result,
      since,
    });
  });
});

it.each([
  ['runs', 'loaded', 'active', 'static', true],
  ['has failed', 'loaded', 'failed', 'disabled', true],
  ['is enabled, and rests', 'loaded', 'inactive', 'enabled', true],
  ['was stopped and disabled', 'loaded', 'inactive', 'disabled', false],
  ['is masked', 'masked', 'inactive', 'masked', false],
  ['is not there', 'not-found', 'inactive', '', false],
])('a service that %s is meant to run: %s %s %s: %s', (_name, loadState, activeState, unitFileState, expected) => {
  expect(isMeantToRun({ loadState, activeState, unitFileState })).toBe(expected);
});

describe('nextElapse', () => {
  it.each([
    ['stopped', 0n, null],
    ['never', 2n ** 64n - 1n, null],
    ['missing', undefined, null],
    ['set', 1_795_000_000_123_456n, new Date(1_795_000_000_123)],
  ])('%s', (_name, value, expected) => {
    expect(nextElapse(properties({ NextElapseUSecRealtime: value }))).toEqual(expected);
  });
});
