import { expect, it } from 'vitest';
import { steadyRun } from '../../../lib/api/steady-run.ts';
import type { Run } from '../../../lib/core/run.ts';
import type { RunSeen } from '../../../lib/device/run.ts';
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
