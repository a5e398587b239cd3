import { describe, expect, it } from 'vitest';
import { StatusAnswer } from '../../../lib/core/http-api/api-answers.ts';
import { ERROR_CODES } from '../../../lib/core/error-codes.ts';
import { mockStates } from '../../../lib/mock/states.ts';
import { mockFile, readMockStates } from '../../helpers/played.ts';

/** Codes that no step of a device ends with, and where they come from. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  'what a command line or a request may be': ['USAGE', 'REQUEST_INVALID', 'HOST_REFUSED', 'ORIGIN_REFUSED', 'UNAUTHORIZED', 'RATE_LIMITED'],
  'more of a request': ['BODY_TOO_LARGE', 'MEDIA_TYPE', 'METHOD_REFUSED', 'TOO_MANY_STREAMS', 'TOKEN_MISSING'],
  'what an owner can choose': ['BRANCH_UNKNOWN', 'SETTINGS_INVALID'],
  'building releases': ['SITE_INVALID', 'INPUT_REFUSED', 'VERSION_INVALID', 'VERSION_NOT_NEWER', 'KEY_INVALID', 'KEY_MISSING'],
};

const STATES = readMockStates();

describe('the states of the mock', () => {
  it.each(STATES.list.map(({ name }) => name))('are what a device could answer: %s', (name) => {
    const status = STATES.state(name);
    expect(StatusAnswer.parse(status)).toEqual(status);
  });

  it.each(STATES.list.map(({ name }) => name))('agree with themselves: %s', (name) => {
    const { run, progress, rollback, current, available, latest, settings, following, last_result: last } = STATES.state(name);
    expect(run?.state === 'running').toBe(progress !== null);
    if (run !== null && progress !== null) {
      expect([run.phase, run.bytes, run.can_cancel]).toEqual([progress.phase, progress.bytes, progress.can_cancel]);
      expect(run.steps.filter(({ state }) => state === 'running').map(({ step }) => step)).toEqual([progress.step]);
      expect(run.percent ?? 0).toBeLessThan(100);
      expect([run.ended, run.outcome, run.code]).toEqual([null, null, null]);
    }
    if (run?.state === 'ended') {
      expect([run.phase, run.seconds_left, run.can_cancel]).toEqual([null, null, false]);
      expect([run.outcome, run.code, run.message]).toEqual([last?.outcome, last?.code, last?.message]);
      expect(run.steps.some(({ state }) => state === 'running' || state === 'waiting')).toBe(false);
      expect(run.ended).not.toBeNull();
    }
    if (rollback.is === 'there') expect(rollback.from).toBe(current);
    if (available !== null) expect(available.route?.at(-1) ?? available.version).toBe(latest);
    expect(following.selected).toBe(settings.branch);
  });

  it('are every state that a dashboard has to show', () => {
    const names = STATES.list.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(
        `up-to-date never-checked first-install available available-staged downgrade held waiting incompatible skipped checking downloading
        installing going-back rolling-back recovering updated rolled-back went-back cancelled offline stale unsigned broken branch-disabled
        branch-removed drift config-conflict no-backup auto-off failed:DIGEST_MISMATCH failed:NO_SPACE`.split(/\s+/),
      ),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(STATES.state('downloading').progress?.percent).toBe(43);
    const texts = STATES.list.map(({ name }) => JSON.stringify(STATES.state(name)));
    // As long as no release is signed, `available` is `unsigned`.
    expect(STATES.list.filter((_, index) => texts.indexOf(texts[index] ?? '') !== index).map(({ name }) => name)).toEqual(['unsigned']);
    const { phases, outcomes } = seen();
    expect(phases.toSorted()).toEqual(
      'checking checking-health downloading going-back installing post-install preparing recovering restarting unpacking verifying'.split(' '),
    );
    expect(outcomes.toSorted()).toEqual(['broken', 'cancelled', 'failed', 'nothing', 'ok', 'rolled-back']);
  });

  function seen(): { phases: string[]; outcomes: string[] } {
    const all = STATES.list.map(({ name }) => STATES.state(name));
    const phases = new Set(all.flatMap(({ progress }) => (progress === null ? [] : [progress.phase])));
    return { phases: [...phases], outcomes: [...new Set(all.flatMap(({ run }) => run?.outcome ?? []))] };
  }

  it('are one for every code that a step can end with', () => {
    const shown = STATES.failures.map(({ code }) => code);
    const others = Object.values(ELSEWHERE).flat();
    expect([...shown, ...others].toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
    for (const code of shown) expect(STATES.state(`failed:${code}`).run?.code, code).toBe(code);
  });

  it('are looked for by name, and a wrong one is told with the nearest', () => {
    expect(() => STATES.state('downloadin')).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', hint: "did you mean 'downloading'? GET /api/update/dev/states lists them" }),
    );
  });
});

it.each<[name: string, change: object, message: RegExp]>([
  ['not-a-status', { changes: { current: 5 } }, /the mock state 'x' is invalid: 'current' is 5/],
  ['unknown-member', { changes: { nonsense: 1 } }, /the mock state 'x' is invalid: .*nonsense/],
  ['half-a-run-that-is-wrong', { changes: { run: { percent: 101 } } }, /the mock state 'x' .*'run\.percent' is 101/],
  ['no-what', { what: undefined }, /the file of mock states is invalid/],
])('refuses a file with a state that is %s', (_name, change, message) => {
  const file = Object.assign({}, mockFile(), { states: [{ name: 'x', what: 'x', changes: {}, ...change }] });
  expect(() => mockStates(file)).toThrow(message);
});

it('refuses a file with one name twice', () => {
  const state = { name: 'x', what: 'x', changes: {} };
  expect(() => mockStates(Object.assign({}, mockFile(), { states: [state, state] }))).toThrow("the mock state 'x' appears twice");
});
