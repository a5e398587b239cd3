import { describe, expect, it } from 'vitest';
import type { RunRecord, StepStart } from '../../../lib/core/run-record.ts';
import { RunRecord as Schema, isWithin, stepBegun, stepEnded } from '../../../lib/core/run-record.ts';

const T0 = new Date('2026-11-20T12:00:00.000Z');
const later = (seconds: number): Date => new Date(T0.getTime() + seconds * 1000);
const start = (step: StepStart['step'], more: Partial<StepStart> = {}): StepStart => ({
  step,
  invocation: `${step}-1`,
  pid: 7,
  at: T0,
  byTimer: false,
  token: null,
  ...more,
});
const ended = (record: RunRecord, outcome: 'ok' | 'nothing' | 'failed' | 'cancelled', at = T0): RunRecord =>
  stepEnded(record, record.steps.at(-1)?.invocation ?? '', { at, outcome, code: null, message: 'so', hint: null, version: '1.4.0' });
const token = (run: string, by: 'timer' | 'apply' = 'timer') => ({ run, until: 'apply' as const, by });
const steps = (record: RunRecord): string[] => record.steps.map(({ step }) => step);

describe('a step that begins', () => {
  it('is a new run by itself, named after it', () => {
    const record = stepBegun(null, start('check', { byTimer: true }));
    expect(Schema.parse(record)).toMatchObject({
      id: 'check-1',
      by: 'timer',
      started: T0.toISOString(),
      steps: [{ step: 'check', pid: 7, ended: null }],
    });
  });

  it('goes on with the run whose step granted it, and by whom it was stays', () => {
    const record = ended(stepBegun(null, start('check', { byTimer: true })), 'ok');
    const fetching = stepBegun(record, start('fetch', { token: token('check-1'), at: later(500) }));
    expect([fetching.id, fetching.by, steps(fetching)]).toEqual(['check-1', 'timer', ['check', 'fetch']]);
    const applying = stepBegun(ended(fetching, 'ok'), start('apply', { token: token('check-1') }));
    const back = stepBegun(applying, start('rollback', { token: token('apply-1', 'apply') }));
    expect([back.id, steps(back)]).toEqual(['check-1', ['check', 'fetch', 'apply', 'rollback']]);
  });

  it('keeps how far the timer let its run go', () => {
    const checked = ended(stepBegun(null, start('check', { byTimer: true })), 'ok');
    expect(checked.until).toBeNull();
    expect(stepBegun(checked, start('fetch', { token: { run: 'check-1', until: 'fetch', by: 'timer' } })).until).toBe('fetch');
    const fetching = stepBegun(checked, start('fetch', { token: token('check-1') }));
    expect(fetching.until).toBe('apply');
    const applying = stepBegun(ended(fetching, 'ok'), start('apply', { token: token('check-1') }));
    expect(stepBegun(applying, start('rollback', { token: { run: 'apply-1', until: 'rollback', by: 'apply' } })).until).toBe('apply');
    expect(stepBegun(null, start('fetch', { token: token('other') })).until).toBe('apply');
  });

  it('is of the timer, too, when the record of that run is gone', () => {
    expect(stepBegun(null, start('fetch', { token: token('other') }))).toMatchObject({ id: 'fetch-1', by: 'timer' });
    expect(stepBegun(null, start('rollback', { token: token('other', 'apply') }))).toMatchObject({ by: 'owner' });
  });

  it.each([
    ['right after the fetch', 'ok', 1, ['fetch', 'apply']],
    ['after a fetch that had nothing to do', 'nothing', 60, ['fetch', 'apply']],
    ['a minute later', 'ok', 61, ['apply']],
    ['before it, by the clock', 'ok', -1, ['apply']],
    ['after a fetch that failed', 'failed', 1, ['apply']],
  ] as const)('by hand, an apply %s', (_name, outcome, seconds, expected) => {
    const record = ended(stepBegun(null, start('fetch')), outcome);
    expect(steps(stepBegun(record, start('apply', { at: later(seconds) })))).toEqual(expected);
  });

  it('by hand is the owner’s own run, even right after the timer’s download', () => {
    const record = ended(stepBegun(null, start('fetch', { token: token('x') })), 'ok');
    expect(stepBegun(record, start('apply', { at: later(1) }))).toMatchObject({ id: 'apply-1', by: 'owner' });
  });

  it('goes on with an apply that was killed, when it is the rollback; after one that ended it is a run of its own', () => {
    const killed = stepBegun(null, start('apply'));
    expect(steps(stepBegun(killed, start('rollback')))).toEqual(['apply', 'rollback']);
    expect(steps(stepBegun(ended(killed, 'failed'), start('rollback')))).toEqual(['rollback']);
  });
});

describe('a step that ends', () => {
  it('says so in its own line, once', () => {
    const record = ended(stepBegun(null, start('check')), 'ok', later(2));
    expect(record.steps).toMatchObject([{ ended: later(2).toISOString(), outcome: 'ok', message: 'so', version: '1.4.0' }]);
    expect(ended(record, 'failed', later(9))).toEqual(record);
  });

  it('leaves another run’s record alone', () => {
    const record = stepBegun(null, start('check'));
    expect(stepEnded(record, 'other', { at: T0, outcome: 'ok', code: null, message: '', hint: null, version: null })).toEqual(record);
  });
});

it.each([
  [null, false],
  [T0.toISOString(), true],
  [later(-30).toISOString(), true],
  [later(-31).toISOString(), false],
  [later(1).toISOString(), false],
])('%s is within 30 s: %s', (time, expected) => {
  expect(isWithin(time, T0, 30_000)).toBe(expected);
});
