import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../lib/core/run-record.ts';
import { stepBegun, stepEnded } from '../../../lib/core/run-record.ts';
import type { Sights, UnitSight } from '../../../lib/core/run-view.ts';
import { tokenFor, viewRun } from '../../../lib/core/run-view.ts';
import type { Receipt, Token } from '../../../lib/core/state.ts';
import { AT_REST, NOW } from '../../helpers/cli-device.ts';
import { containing } from '../../helpers/matchers.ts';

type Step = Receipt['step'];

const T0 = new Date(NOW.getTime() - 10_000);
const TOKEN: Token = { run: 'check-1', until: 'apply', by: 'timer' };

const begun = (step: Step, record: RunRecord | null = null, token: Token | null = null): RunRecord =>
  stepBegun(record, { step, invocation: `${step}-1`, pid: 7, at: T0, byTimer: step === 'check', token });
const over = (record: RunRecord, outcome: Receipt['outcome']): RunRecord =>
  stepEnded(record, record.steps.at(-1)?.invocation ?? '', { at: T0, outcome, code: null, message: 'so', hint: null, version: null });

type Given = Omit<Partial<Sights>, 'units'> & { units?: Partial<Record<Step, Partial<UnitSight>>> | null };

function sights({ units = {}, ...more }: Given): Sights {
  const sight = (step: Step): UnitSight => ({ ...AT_REST, ...units?.[step] });
  const all = { check: sight('check'), fetch: sight('fetch'), apply: sight('apply'), rollback: sight('rollback'), recover: sight('recover') };
  return { record: null, isAlive: () => false, passes: [], now: NOW, ...more, units: units === null ? null : all };
}
const view = (more: Given): string => {
  const seen = viewRun(sights(more));
  return seen === null ? 'nothing' : [seen.id, seen.by, ...seen.steps.map(({ step, state }) => `${step}:${state}`)].join(' ');
};
const ALIVE = (): boolean => true;
const active = (step: Step): Partial<UnitSight> => ({ active: true, invocation: `${step}-1` });

describe('viewRun', () => {
  it.each([
    ['nothing', {}, 'nothing'],
    ['a check', { record: begun('check'), units: { check: active('check') } }, 'check-1 timer check:running'],
    ['a check that is over', { record: over(begun('check'), 'nothing') }, 'check-1 timer check:done'],
    [
      'a fetch with an apply behind it',
      { record: begun('fetch'), units: { fetch: active('fetch'), apply: { waiting: true } } },
      'fetch-1 owner fetch:running apply:waiting',
    ],
    [
      'the same before it has written anything',
      { units: { fetch: active('fetch'), apply: { waiting: true } } },
      'fetch-1 owner fetch:running apply:waiting',
    ],
    [
      'the same over the record of a run before',
      { record: over(begun('check'), 'ok'), units: { fetch: active('fetch'), apply: { waiting: true } } },
      'fetch-1 owner fetch:running apply:waiting',
    ],
    [
      'an apply right after its fetch',
      { record: over(begun('fetch'), 'ok'), units: { apply: active('apply') } },
      'fetch-1 owner fetch:done apply:running',
    ],
    [
      'an apply whose fetch has nothing to do any more',
      { record: over(begun('fetch'), 'ok'), units: { fetch: { waiting: true, invocation: 'fetch-1' }, apply: { waiting: true } } },
      'fetch-1 owner fetch:done apply:waiting',
    ],
    [
      'a fetch that has failed and is still ending, with the apply that will not come',
      { record: over(begun('fetch'), 'failed'), units: { fetch: active('fetch'), apply: { waiting: true } } },
      'fetch-1 owner fetch:failed',
    ],
    [
      'the same a moment later, before systemd has taken the apply back',
      { record: over(begun('fetch'), 'failed'), units: { fetch: { invocation: 'fetch-1' }, apply: { waiting: true } } },
      'fetch-1 owner fetch:failed',
    ],
    [
      'one that was cancelled and is still ending',
      { record: over(begun('fetch'), 'cancelled'), units: { fetch: active('fetch'), apply: { waiting: true } } },
      'fetch-1 owner fetch:cancelled',
    ],
    [
      'the next try, queued after one that has failed',
      { record: over(begun('fetch'), 'failed'), units: { fetch: { waiting: true, invocation: 'fetch-1' }, apply: { waiting: true } } },
      'queued owner fetch:waiting apply:waiting',
    ],
    [
      'the next try, at work after one that has failed',
      { record: over(begun('fetch'), 'failed'), units: { fetch: { active: true, invocation: 'fetch-2' }, apply: { waiting: true } } },
      'fetch-2 owner fetch:running apply:waiting',
    ],
    [
      'the next download, right after the one before',
      { record: over(begun('fetch'), 'ok'), units: { fetch: { active: true, invocation: 'fetch-2' }, apply: { waiting: true } } },
      'fetch-2 owner fetch:running apply:waiting',
    ],
    [
      'what is queued, and ran before',
      { units: { fetch: { waiting: true, invocation: 'fetch-1' }, apply: { waiting: true, invocation: 'apply-1' } } },
      'queued owner fetch:waiting apply:waiting',
    ],
    [
      'what is queued behind the network',
      { units: { fetch: { waiting: true }, apply: { waiting: true } } },
      'queued owner fetch:waiting apply:waiting',
    ],
    [
      'an apply that waits for the lock of a check',
      { record: begun('check'), units: { check: active('check'), fetch: active('fetch'), apply: { waiting: true } } },
      'check-1 timer check:running',
    ],
    ['a step by hand, without a unit', { record: begun('apply'), isAlive: ALIVE }, 'apply-1 owner apply:running'],
    ['the same where nobody can be asked', { record: begun('apply'), isAlive: ALIVE, units: null }, 'apply-1 owner apply:running'],
    ['one that was killed', { record: begun('apply') }, 'apply-1 owner apply:failed'],
    [
      'one that was killed, with its number at work elsewhere',
      { record: begun('apply'), isAlive: ALIVE, units: { apply: { invocation: 'apply-1', result: 'signal' } } },
      'apply-1 owner apply:failed',
    ],
    [
      'one that was killed, and started again',
      { record: begun('apply'), units: { apply: { active: true, invocation: 'apply-2' } } },
      'apply-2 owner apply:running',
    ],
    ['a unit that is about to end', { record: over(begun('apply'), 'ok'), units: { apply: active('apply') } }, 'apply-1 owner apply:done'],
  ])('%s', (_name, more, expected) => {
    expect(view(more)).toBe(expected);
  });

  it.each([
    ['left', { passes: [{ step: 'fetch', token: TOKEN, gate: false }] }, 'check-1 timer check:done fetch:waiting'],
    [
      'passed on, however long it takes',
      { passes: [{ step: 'fetch', token: TOKEN, gate: true }], now: new Date(NOW.getTime() + 60_000) },
      'check-1 timer check:done fetch:waiting',
    ],
    ['left for ever', { passes: [{ step: 'fetch', token: TOKEN, gate: false }], now: new Date(NOW.getTime() + 60_000) }, 'check-1 timer check:done'],
    ['of another run', { passes: [{ step: 'fetch', token: { ...TOKEN, run: 'x' }, gate: true }] }, 'check-1 timer check:done'],
    [
      'taken by the next',
      { passes: [{ step: 'fetch', token: TOKEN, gate: false }], units: { fetch: active('fetch') } },
      'check-1 timer check:done fetch:running',
    ],
  ] as const)('goes on with a token that is %s', (_name, more, expected) => {
    expect(view({ record: over(begun('check'), 'ok'), ...more, passes: [...more.passes] })).toBe(expected);
  });

  it('sees the rollback of an apply that was killed coming', () => {
    const passes = [{ step: 'rollback' as const, token: { run: 'apply-1', until: 'rollback' as const, by: 'apply' as const }, gate: true }];
    const units = { apply: { invocation: 'apply-1', result: 'signal' } };
    expect(view({ record: begun('apply'), passes, units })).toBe('apply-1 owner apply:failed rollback:waiting');
    expect(view({ record: begun('apply'), passes: [], units: { ...units, rollback: active('rollback') } })).toBe(
      'apply-1 owner apply:failed rollback:running',
    );
  });

  it.each([
    ['apply', 'ok', 'done'],
    ['apply', 'nothing', 'done'],
    ['apply', 'rolled-back', 'failed'],
    ['apply', 'cancelled', 'cancelled'],
    ['apply', 'broken', 'failed'],
    ['rollback', 'rolled-back', 'done'],
    ['recover', 'rolled-back', 'done'],
    ['fetch', 'failed', 'failed'],
  ] as const)('a %s that came to %s is %s', (step, outcome, state) => {
    expect(viewRun(sights({ record: over(begun(step), outcome) }))?.steps).toMatchObject([{ state, outcome }]);
  });

  it.each<[string, Partial<UnitSight>, string]>([
    ['its unit', { invocation: 'apply-1', since: '2026-11-20T11:00:00.000Z' }, '2026-11-20T11:00:00.000Z'],
    ['what it wrote, when its unit began anew', { invocation: 'apply-2', since: '2026-11-20T11:00:00.000Z' }, T0.toISOString()],
    ['what it wrote, when its unit has forgotten', { invocation: 'apply-1', since: null }, T0.toISOString()],
    ['what it wrote, when the clock was set back between', { invocation: 'apply-1', since: NOW.toISOString() }, T0.toISOString()],
  ])('began when %s says', (_, unit, started) => {
    for (const active of [true, false]) {
      const seen = viewRun(sights({ record: begun('apply'), units: { apply: { ...unit, active } }, isAlive: ALIVE }));
      expect(seen?.started).toBe(started);
      expect(seen?.steps[0]?.started).toBe(started);
    }
  });

  it.each([
    [{ result: 'oom-kill' }, 'was ended: out of memory'],
    [{ result: 'signal' }, 'was ended: it was killed'],
    [{ result: 'exit-code', exitStatus: 3 }, 'ended with 3 before it could say what it came to'],
    [{ result: 'timeout', exitStatus: 15 }, 'was ended: it took longer than it may'],
    [{ result: 'success' }, 'was ended before it could say what it came to'],
    [{}, 'was ended before it could say what it came to'],
  ])('says what became of one that was killed: %j', (unit, how) => {
    expect(viewRun(sights({ record: begun('apply'), units: { apply: unit } }))?.steps).toMatchObject([
      {
        code: 'STEP_FAILED',
        message: `the last apply ${how}`,
        hint: containing('`journalctl -u pikit-update-apply.service` shows what it wrote'),
        outcome: null,
        ended: null,
      },
    ]);
  });
});

describe('a step that was killed before it wrote anything', () => {
  const killed = { result: 'oom-kill', invocation: 'check-2', since: NOW.toISOString() };
  it.each([
    ['nothing on record', null],
    ['an older run on record', over(begun('check'), 'nothing')],
  ])('is the last run: %s', (_name, record) => {
    const seen = viewRun(sights({ record, units: { check: killed } }));
    expect(seen).toMatchObject({
      id: 'check-2',
      steps: [{ step: 'check', state: 'failed', outcome: null, message: 'the last check was ended: out of memory' }],
    });
  });

  it.each([
    ['has ended by itself', { ...killed, result: 'exit-code', exitStatus: 1 }],
    ['was before the run on record', { ...killed, since: new Date(T0.getTime() - 1).toISOString() }],
    ['is the one on record', { ...killed, invocation: 'check-1' }],
  ])('is not, when it %s', (_name, unit) => {
    expect(view({ record: over(begun('check'), 'nothing'), units: { check: unit } })).toBe('check-1 timer check:done');
  });
});

it('knows what granted a step', () => {
  expect(tokenFor('fetch', { passes: [{ step: 'fetch', token: TOKEN, gate: false }] })).toBe(TOKEN);
  expect(tokenFor('apply', { passes: [{ step: 'fetch', token: TOKEN, gate: false }] })).toBeNull();
});
