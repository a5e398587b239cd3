/** Plays runs of the mock one after the other, by a clock that is given: what is shown now, and who is told of a change. */
import type { StatusAnswer } from '../core/http-api/api-answers.ts';
import type { ErrorCode } from '../core/errors.ts';
import { UpdateError } from '../core/errors.ts';
import type { Run } from '../core/run/run.ts';
import type { Frame, Story } from './types.ts';
import { cancelledAt, framesOf } from './script.ts';
import type { MockStates } from './states.ts';

export interface MockClock {
  now: () => Date;
  /** Calls once, unless the returned function is called before. */
  after: (ms: number, call: () => void) => () => void;
}

export type Ending = 'ok' | 'nothing' | ErrorCode;

export interface Player {
  status: () => StatusAnswer;
  /** `onChange` is called at every change, until the returned function is called. */
  watch: (onChange: (status: StatusAnswer) => void) => () => void;
  /** Ends what is played, and shows this. */
  show: (status: StatusAnswer) => void;
  /** How runs end from now on, and how fast they are: 2 is twice as fast. Throws NOT_FOUND for a code that ends no step. */
  script: (wish: { end?: Ending | undefined; speed?: number | undefined }) => void;
  /** Throws BUSY while something runs. */
  start: (kind: Run['kind'], by: Run['by'], end?: Ending) => Run;
  /** Null when nothing runs. */
  cancel: () => StatusAnswer | null;
}

interface Playing {
  story: Story;
  frames: readonly Frame[];
  index: number;
}

export function player(states: MockStates, first: string, clock: MockClock): Player {
  const listeners = new Set<(status: StatusAnswer) => void>();
  let status = states.state(first);
  let playing: Playing | null = null;
  let takeBack = (): void => undefined;
  let ending: Ending = 'ok';
  let speed = 1;
  let count = 0;

  function tell(next: StatusAnswer): void {
    status = next;
    for (const listener of [...listeners]) listener(status);
  }

  function stop(): void {
    takeBack();
    playing = null;
  }

  function endingOf(end: Ending): Story['end'] {
    if (end === 'ok' || end === 'nothing') return end;
    const failure = states.failure(end);
    if (failure !== null) return failure;
    throw new UpdateError('NOT_FOUND', `no step ends with ${end}`, { hint: 'GET /api/update/dev/states lists those that do' });
  }

  function step(now: Playing): void {
    const frame = now.frames[now.index];
    const next = now.frames[now.index + 1];
    if (frame === undefined) return;
    if (next === undefined) playing = null;
    else {
      takeBack = clock.after((next.atMs - frame.atMs) / speed, () => {
        now.index += 1;
        step(now);
      });
    }
    tell(frame.status);
  }

  return {
    status: () => status,
    watch: (onChange) => {
      listeners.add(onChange);
      return () => {
        listeners.delete(onChange);
      };
    },
    show: (next) => {
      stop();
      tell(next);
    },
    script: (wish) => {
      if (wish.end !== undefined) endingOf(wish.end);
      ending = wish.end ?? ending;
      speed = wish.speed ?? speed;
    },
    start: (kind, by, end) => {
      if (status.run?.state === 'running')
        throw new UpdateError('BUSY', 'something is running', { hint: 'watch it, or try again when it has ended' });
      count += 1;
      const id = `mock${String(count).padStart(28, '0')}`;
      const story: Story = { id, kind, by, begun: clock.now(), base: status, end: endingOf(end ?? ending), defaults: states.defaults };
      playing = { story, frames: framesOf(story), index: 0 };
      step(playing);
      if (status.run === null) throw new UpdateError('INTERNAL', 'a run has to show');
      return status.run;
    },
    cancel: () => {
      if (status.run?.state !== 'running' || status.progress === null) return null;
      const now = playing ?? canned(status);
      const frame = now.frames[now.index];
      if (frame === undefined) return null;
      stop();
      tell(cancelledAt(now.story, frame, clock.now()));
      return status;
    },
  };

  /** A state in which something runs, though no story plays it. */
  function canned(shown: StatusAnswer): Playing {
    const { defaults } = states;
    const story: Story = {
      id: shown.run?.id ?? '',
      kind: shown.run?.kind ?? 'check',
      by: 'owner',
      begun: clock.now(),
      base: shown,
      end: 'ok',
      defaults,
    };
    return { story, frames: [{ atMs: 0, status: shown }], index: 0 };
  }
}
