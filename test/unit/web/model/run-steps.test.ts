import { describe, expect, it } from 'vitest';
import type { Run } from '../../../../lib/core/run/run.ts';
import { phaseOf, progressOf, stepsOf } from '../../../../web/model/run-steps.ts';
import { de } from '../../../../web/strings/de.ts';
import { en } from '../../../../web/strings/en.ts';
import { readMockStates } from '../../../helpers/played.ts';

const STATES = readMockStates();
const EN = en;

function run(state: string): Run {
  const { run: found } = STATES.state(state);
  if (found === null) throw new Error(`'${state}' has no run`);
  return found;
}

describe('how far a run is', () => {
  it('is said with bytes, rate and time where they are known', () => {
    expect(progressOf(run('downloading'), EN)).toEqual({
      percent: 18,
      bytes: '1012.7 KiB of 2.3 MiB',
      rate: '180.7 KiB/s',
      left: 'about 20 sec left',
    });
    expect(progressOf(run('installing'), de)).toEqual({
      percent: 61,
      bytes: null,
      rate: null,
      left: 'noch etwa 10 Sek.',
    });
  });

  it('claims nothing that is not known', () => {
    expect(progressOf(run('downloading-unknown-size'), EN)).toMatchObject({ percent: null, bytes: '1012.7 KiB', left: null });
    expect(progressOf(run('downloading-stalled'), EN)).toMatchObject({ percent: 18, rate: 'no data received', left: null });
    expect(progressOf(run('recovering'), EN)).toEqual({ percent: null, bytes: null, rate: null, left: null });
  });

  it('is never everything while it runs', () => {
    expect(progressOf({ ...run('installing'), percent: 100 }, EN).percent).toBe(99);
    expect(progressOf({ ...run('installing'), percent: 0 }, EN).percent).toBe(0);
  });
});

describe('what a run does', () => {
  it('has a name in every state of the mock', () => {
    const phases = STATES.list.flatMap(({ name }) => {
      const { run: found } = STATES.state(name);
      return found?.state === 'running' ? [phaseOf(found, EN)] : [];
    });
    expect(phases.length).toBeGreaterThan(15);
    expect(phases.filter((phase) => !Object.values<string>(EN.phases).includes(phase))).toEqual([]);
  });

  it('of a later version is shown as it calls it', () => {
    expect(phaseOf({ ...run('installing'), phase: 'polishing' }, EN)).toBe('polishing');
    expect(phaseOf({ ...run('installing'), phase: null }, EN)).toBe('Working…');
  });

  it('is waiting before its first step has begun', () => {
    const waiting = { ...run('checking'), steps: run('checking').steps.map((step) => ({ ...step, state: 'waiting' as const })) };
    expect(phaseOf(waiting, EN)).toBe('Waiting to start');
  });
});

it('names the steps, and how each stands', () => {
  expect(stepsOf(run('installing-staged'), EN)).toEqual([
    { label: 'Download', state: 'skipped', stateText: 'not needed' },
    { label: 'Update', state: 'running', stateText: 'running' },
  ]);
});
