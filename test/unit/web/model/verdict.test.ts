import { expect, it } from 'vitest';
import type { StatusAnswer } from '../../../../lib/core/http-api/api-answers.ts';
import { verdictOf } from '../../../../web/model/verdict.ts';
import { readMockStates } from '../../../helpers/played.ts';

const STATES = readMockStates();

/** An update whose apply was killed before it could write a receipt; the last one is that of the check before. */
function killed(): StatusAnswer {
  const status = STATES.state('failed:STEP_FAILED');
  return { ...status, last_result: STATES.state('available').last_result };
}

it('is the receipt of the last thing that went wrong', () => {
  const status = STATES.state('rolled-back');
  expect(verdictOf(status)).toEqual(status.last_result);
});

it('of a step that was killed is what its run says', () => {
  expect(verdictOf(killed())).toMatchObject({ step: 'apply', code: 'STEP_FAILED', tx: null, subject: null, to: '1.5.0' });
  expect(verdictOf({ ...killed(), last_result: null })).toMatchObject({ code: 'STEP_FAILED' });
});

it('is nothing any more after something went well', () => {
  const later = STATES.state('available').last_result;
  expect(verdictOf({ ...killed(), last_result: later === null ? null : { ...later, at: '2026-11-23T04:20:03.000Z' } })).toBeNull();
  for (const state of ['up-to-date', 'never-checked', 'updated', 'went-back', 'cancelled', 'nothing-to-do', 'held']) {
    expect(verdictOf(STATES.state(state)), state).toBeNull();
  }
});

it('of what is broken stays that, whatever a check or a download comes to: neither makes it whole', () => {
  const broken = STATES.state('broken');
  for (const step of ['check', 'fetch'] as const) {
    const { run } = STATES.state('rolled-back');
    if (run === null) throw new Error('it ran');
    const at = '2026-11-23T04:20:03.000Z';
    const later = { ...run, started: at, steps: [{ step, state: 'failed' as const, started: at, ended: at, outcome: 'failed' as const }] };
    expect(verdictOf({ ...broken, run: later })).toEqual(broken.last_result);
  }
});

it('is nothing while something runs', () => {
  const status = STATES.state('rolled-back');
  expect(verdictOf({ ...status, run: STATES.state('checking').run })).toBeNull();
});
