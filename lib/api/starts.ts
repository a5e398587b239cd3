/** Starts one after the other, so that of many at once one begins and the others are told of it. */
import { UpdateError } from '../core/errors.ts';
import type { Run } from '../core/run/run.ts';

const MAX_KEYS = 64;
const KEY = /^[A-Za-z0-9_-]{1,64}$/;

export interface Starts {
  /**
   * Calls `start` when nothing runs and nothing was started since this was called. With a key that started the run that is
   * still the last one, returns that run. Throws BUSY, REQUEST_INVALID for what cannot be a key, and what `start` throws.
   */
  begin: (what: string, key: string | null, start: () => Promise<Run>) => Promise<Run>;
  /** Waits for its turn among the starts. */
  inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

export function startsOf(current: () => Promise<Run | null>): Starts {
  const keys = new Map<string, string>();
  let begun = 0;
  let turn: Promise<unknown> = Promise.resolve();

  const inTurn: Starts['inTurn'] = (work) => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };

  /** The run that this key has started, if that is still the one to speak of. */
  async function known(key: string | null): Promise<Run | null> {
    const run = await current();
    if (key !== null && run !== null && keys.get(key) === run.id) return run;
    if (run?.state === 'running') throw busy(run);
    return null;
  }

  return {
    inTurn,
    begin: async (what, given, start) => {
      if (given !== null && !KEY.test(given)) {
        throw new UpdateError('REQUEST_INVALID', 'an Idempotency-Key must have 1 to 64 characters of A-Z, a-z, 0-9, _ and -');
      }
      const key = given === null ? null : `${what} ${given}`;
      const arrived = begun;
      const before = await known(key);
      if (before !== null) return before;
      return await inTurn(async () => {
        const run = await known(key);
        if (run !== null) return run;
        if (begun !== arrived) throw busy(await current());
        const started = await start();
        begun += 1;
        if (key !== null) keys.set(key, started.id);
        const [oldest] = keys.keys();
        if (keys.size > MAX_KEYS && oldest !== undefined) keys.delete(oldest);
        return started;
      });
    },
  };
}

const NAMES: Readonly<Record<Run['kind'], string>> = {
  check: 'a check',
  download: 'a download',
  update: 'an update',
  rollback: 'a rollback',
  recovery: 'a recovery',
};

function busy(run: Run | null): UpdateError {
  const what = run === null ? 'something else' : NAMES[run.kind];
  const message = run === null || run.state === 'running' ? `${what} is running` : `${what} was just started and has already ended`;
  return new UpdateError('BUSY', message, { hint: 'watch it, or try again when it has ended' });
}
