import { expect, it } from 'vitest';
import { steadyRun } from '../../../lib/api/steady-run.ts';
import { stepBegun, stepEnded } from '../../../lib/core/run-record.ts';
import type { RunFacts } from '../../../lib/core/run-state.ts';
import { runOf } from '../../../lib/core/run-state.ts';
import type { Run } from '../../../lib/core/run.ts';
import type { RunSeen } from '../../../lib/device/run.ts';
import { AT_REST, NOW, PROGRESS } from '../../helpers/cli-device.ts';
import { run } from './a-run.ts';

const sure = (more: Partial<Run>): RunSeen => ({ run: run(more), isSure: true });
const unsure = (more: Partial<Run> | null): RunSeen => ({ run: more === null ? null : run(more), isSure: false });

it('never goes back in one run, and begins anew with the next', () => {
  const steady = steadyRun();
  const shown = (more: Partial<Run>) => {
    const shownRun = steady(sure(more));
    return [shownRun?.percent, shownRun?.seconds_left];
  };
  expect(shown({ percent: null, seconds_left: null })).toEqual([null, null]);
  expect(shown({ percent: 40, seconds_left: 20 })).toEqual([40, 20]);
  expect(shown({ percent: 38, seconds_left: 25 })).toEqual([40, 20]);
  expect(shown({ percent: null, seconds_left: null })).toEqual([40, 20]);
  expect(shown({ percent: 41, seconds_left: 3 })).toEqual([41, 3]);
  expect(shown({ percent: 100, seconds_left: null, state: 'ended' })).toEqual([100, null]);
  expect(shown({ percent: 99, seconds_left: null, state: 'ended' })).toEqual([100, null]);
  expect(shown({ percent: 55, seconds_left: 7 })).toEqual([55, 7]);
  expect(shown({ id: 'other', percent: 1, seconds_left: 99 })).toEqual([1, 99]);
});

it('is the same run from begin to end: an update that is being cancelled is no download', () => {
  const steady = steadyRun();
  const fetching = { step: 'fetch', state: 'running', started: '2026-11-20T12:00:01.000Z', ended: null, outcome: null } as const;
  const waiting = { step: 'apply', state: 'waiting', started: null, ended: null, outcome: null } as const;
  steady(sure({ kind: 'update', steps: [fetching, waiting] }));
  expect(steady(sure({ kind: 'download', steps: [fetching] }))).toMatchObject({
    kind: 'update',
    steps: [fetching, waiting],
  });
  const cancelled = { ...fetching, state: 'cancelled', outcome: 'cancelled' } as const;
  expect(steady(sure({ kind: 'update', state: 'ended', steps: [cancelled] }))?.steps).toEqual([cancelled]);
});

it('began when it was first seen to, though its unit cannot be asked any more', () => {
  const steady = steadyRun();
  steady(sure({ started: '2026-11-20T12:00:00.000Z' }));
  expect(steady(sure({ started: '2026-11-20T12:00:07.000Z' }))?.started).toBe('2026-11-20T12:00:00.000Z');
  expect(steady(sure({ id: 'other', started: '2026-11-20T12:01:00.000Z' }))?.started).toBe('2026-11-20T12:01:00.000Z');
});

it('does not give way to an older run while systemd cannot be asked', () => {
  const steady = steadyRun();
  const older = { id: 'older', state: 'ended', started: '2026-11-20T11:00:00.000Z' } as const;
  const newer = { id: 'newer', state: 'running', started: '2026-11-20T12:00:00.000Z' } as const;
  expect(steady(unsure(null))).toBeNull();
  expect(steady(unsure(older))?.id).toBe('older');
  expect(steady(sure(newer))?.id).toBe('newer');
  expect(steady(unsure(older))?.id).toBe('newer');
  expect(steady(unsure(null))?.id).toBe('newer');
  // What it has written down itself is believed, and so is systemd when it says that there is nothing more to come.
  expect(steady(unsure({ ...newer, state: 'ended' }))).toMatchObject({ id: 'newer', state: 'ended' });
  expect(steady(sure(newer))?.id).toBe('newer');
  expect(steady(sure(older))?.id).toBe('older');
  expect(steady({ run: null, isSure: true })).toBeNull();
});

it('tells of the whole run of a timer as soon as it is known that it is one, and of its check alone never', () => {
  const steady = steadyRun();
  const at = (ms: number): Date => new Date(NOW.getTime() + ms);
  const rest = { check: AT_REST, fetch: AT_REST, apply: AT_REST, rollback: AT_REST, recover: AT_REST };
  const medians = { check: 3000, fetch: 60_000, apply: 20_000, rollback: null, recover: null };
  const shown = (facts: Pick<RunFacts, 'record' | 'now'> & Partial<RunFacts>) => {
    const seen = runOf({ units: rest, isAlive: () => true, passes: [], progress: null, medians, auto: 'install', ...facts });
    const one = steady({ run: seen, isSure: true });
    return [one?.kind, one?.percent, one?.seconds_left];
  };
  const checking = { ...rest, check: { ...AT_REST, active: true, invocation: 'check-1', since: at(0).toISOString() } };
  const begun = stepBegun(null, { step: 'check', invocation: 'check-1', pid: 7, at: at(500), byTimer: true, token: null });
  const found = stepEnded(begun, 'check-1', { at: at(2900), outcome: 'ok', code: null, message: 'so', hint: null, version: '1.1.0' });
  const token = { run: 'check-1', until: 'apply', by: 'timer' } as const;
  const fetching = stepBegun(found, { step: 'fetch', invocation: 'fetch-1', pid: 8, at: at(4000), byTimer: false, token });
  const failed = stepEnded(fetching, 'fetch-1', { at: at(40_000), outcome: 'failed', code: 'OFFLINE', message: 'so', hint: null, version: null });
  const units = { ...rest, fetch: { ...AT_REST, active: true, invocation: 'fetch-1' } };
  const progress = { ...PROGRESS, percent: 50, bytes: 50, total_bytes: 100, rate_bytes_per_s: 2 };
  expect([
    shown({ record: null, units: checking, now: at(100) }),
    shown({ record: begun, units: checking, now: at(2800) }),
    shown({ record: found, passes: [{ step: 'fetch', token, gate: true }], now: at(3000) }),
    shown({ record: fetching, units, now: at(5000) }),
    shown({ record: fetching, units, progress, now: at(30_000) }),
    shown({ record: failed, units, now: at(40_000) }),
  ]).toEqual([
    ['check', null, null],
    ['check', null, null],
    ['update', 3, 80],
    ['update', 3, 79],
    ['update', 36, 45],
    ['update', 36, null],
  ]);
});
