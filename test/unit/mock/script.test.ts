import { describe, expect, it } from 'vitest';
import { StatusAnswer } from '../../../lib/core/http-api/api-answers.ts';
import type { Run } from '../../../lib/core/run/run.ts';
import type { Frame, Story } from '../../../lib/mock/types.ts';
import { cancelledAt, framesOf, kindWith } from '../../../lib/mock/script.ts';
import { readMockStates } from '../../helpers/played.ts';

const STATES = readMockStates();

function story(kind: Run['kind'], end: Story['end'] = 'ok', state = 'available'): Story {
  return { id: 'x', kind, by: 'owner', begun: new Date('2026-11-22T09:00:00.000Z'), base: STATES.state(state), end, defaults: STATES.defaults };
}

/** `step phase`, each once, and how it ended. */
function phases(frames: readonly Frame[]): string[] {
  const seen = frames.map(({ status: { progress, run } }) => (progress === null ? (run?.outcome ?? '') : `${progress.step} ${progress.phase}`));
  return seen.filter((name, index) => name !== seen[index - 1]);
}

const UPDATE = [
  'fetch downloading',
  'fetch unpacking',
  'apply verifying',
  'apply preparing',
  'apply installing',
  'apply post-install',
  'apply restarting',
  'apply checking-health',
];

it.each<[kind: Run['kind'], names: string[]]>([
  ['check', ['check checking']],
  ['download', ['check checking', 'fetch downloading', 'fetch unpacking']],
  ['update', UPDATE],
  ['rollback', ['rollback preparing', 'rollback installing', 'rollback restarting', 'rollback checking-health']],
  ['recovery', ['recover recovering']],
])('a %s goes through each phase in order, and ends well', (kind, names) => {
  const frames = framesOf(story(kind));
  expect(phases(frames)).toEqual([...names, 'ok']);
  for (const { status } of frames) expect(StatusAnswer.parse(status)).toEqual(status);
});

describe.each(STATES.failures.map((failure) => [failure.code, failure] as const))('a run that ends with %s', (code, failure) => {
  const frames = framesOf(story(kindWith(failure.step), failure));
  const back = failure.outcome === 'rolled-back' ? ['apply going-back'] : [];

  it('comes to the phase of that and no further', () => {
    expect(phases(frames).slice(-2 - back.length)).toEqual([`${failure.step} ${failure.phase}`, ...back, failure.outcome]);
  });

  it('says so in the run and in the receipt', () => {
    const { run, last_result: last, progress } = frames.at(-1)?.status ?? STATES.state('available');
    expect(run).toMatchObject({ state: 'ended', code, outcome: failure.outcome, hint: failure.hint, can_cancel: false });
    expect(last).toMatchObject({ step: failure.step, code, outcome: failure.outcome });
    expect(run?.message).toContain(failure.message);
    expect(progress).toBeNull();
  });
});

it.each<Run['kind']>(['check', 'download', 'update', 'rollback', 'recovery'])(
  'the numbers of a %s never go back, and are 100 only at the end',
  (kind) => {
    for (const end of ['ok', 'nothing', ...STATES.failures] as const) {
      const runs = framesOf(story(kind, end)).map(({ status }) => status.run);
      const percents = runs.map((run) => run?.percent ?? 0);
      const left = runs.slice(0, -1).map((run) => run?.seconds_left ?? 0);
      expect(percents).toEqual(percents.toSorted((a, b) => a - b));
      expect(left).toEqual(left.toSorted((a, b) => b - a));
      expect(percents.slice(0, -1).every((percent) => percent < 100)).toBe(true);
      expect(new Set(runs.map((run) => run?.id)).size).toBe(1);
    }
  },
);

it('shows the steps that come, run and are over', () => {
  const frames = framesOf(story('update'));
  const states = frames.map(({ status }) => (status.run?.steps ?? []).map(({ step, state }) => `${step} ${state}`).join(', '));
  expect(states.filter((text, index) => text !== states[index - 1])).toEqual([
    'fetch running, apply waiting',
    'fetch done, apply running',
    'fetch done, apply done',
  ]);
});

it('does not end with the failure of a step that it does not come to', () => {
  const failure = STATES.failure('PROBE_FAILED');
  expect(failure).not.toBeNull();
  expect(framesOf(story('check', failure ?? 'ok')).at(-1)?.status.run?.outcome).toBe('ok');
});

it('can be stopped at every frame but the last', () => {
  const update = story('update');
  const frames = framesOf(update);
  for (const frame of frames.slice(0, -1)) {
    const status = cancelledAt(update, frame, new Date('2026-11-22T10:00:00.000Z'));
    expect(StatusAnswer.parse(status)).toEqual(status);
    expect(status).toMatchObject({
      current: '1.4.0',
      run: { state: 'ended', outcome: 'cancelled', code: 'CANCELLED' },
      last_result: { outcome: 'cancelled' },
    });
    expect(status.run?.steps.at(-1)?.state).toBe('cancelled');
  }
  const last = frames.at(-1);
  if (last !== undefined) expect(() => cancelledAt(update, last, new Date())).toThrow('what has ended cannot be stopped');
});
