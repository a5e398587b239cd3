/** One look at the status for all who watch it: read again when something may have changed, at most four times a second. */
import { createHash } from 'node:crypto';
import type { StatusAnswer } from '../core/http-api/api-answers.ts';
import { errorJson, toUpdateError } from '../core/errors.ts';
import { printableJson } from '../core/printable.ts';
import type { Backend } from './deps.ts';

const MIN_INTERVAL_MS = 250;

export type Seen = { is: 'status'; id: string; data: string; status: StatusAnswer } | { is: 'failure'; data: string };

export interface Observer {
  /** The status as it is now. Throws what the backend throws. */
  look: () => Promise<Extract<Seen, { is: 'status' }>>;
  /** `onSeen` is called with the status as it is soon after, then at every change, until the returned function is called. */
  subscribe: (onSeen: (seen: Seen) => void) => () => void;
}

export function observer(backend: Pick<Backend, 'status' | 'watch'>, warn: (message: string) => void): Observer {
  /** With what each of them was told last. */
  const listeners = new Map<(seen: Seen) => void, string | null>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  let isLooking = false;
  let isStale = false;
  let timer: NodeJS.Timeout | null = null;
  let unwatch: Promise<() => void> | null = null;

  const look: Observer['look'] = async () => {
    const status = await backend.status();
    const data = printableJson(status);
    return { is: 'status', id: createHash('sha256').update(data).digest('hex').slice(0, 16), data, status };
  };

  function changed(): void {
    isStale = true;
    if (isLooking || timer !== null || listeners.size === 0) return;
    timer = setTimeout(
      () => {
        timer = null;
        void lookAndTell();
      },
      Math.max(0, lookedAt + MIN_INTERVAL_MS - performance.now()),
    );
  }

  async function lookAndTell(): Promise<void> {
    isLooking = true;
    isStale = false;
    lookedAt = performance.now();
    // Who comes while we look may know better already: it is told by the next look.
    const askers = [...listeners.keys()];
    const seen = await look().catch((error: unknown): Seen => ({ is: 'failure', data: printableJson({ error: errorJson(toUpdateError(error)) }) }));
    isLooking = false;
    for (const listener of askers) {
      if (!listeners.has(listener) || listeners.get(listener) === seen.data) continue;
      listeners.set(listener, seen.data);
      listener(seen);
    }
    // Not `stale` as the compiler sees it: `changed` may have been called while we looked.
    if (wasChanged()) changed();
  }

  const wasChanged = (): boolean => isStale;

  function watch(): void {
    // Of its own: the one before may not have ended yet.
    const begun = backend.watch(() => {
      changed();
    });
    unwatch = begun;
    // Whatever happened between a first look and this is seen now.
    begun.then(changed, (error: unknown) => {
      if (unwatch === begun) unwatch = null;
      warn(`failed to follow changes, ignoring: ${toUpdateError(error).message}`);
    });
  }

  return {
    look,
    subscribe: (onSeen) => {
      listeners.set(onSeen, null);
      // Between its own first look and now something may have changed that the others were told of.
      if (unwatch === null) watch();
      else changed();
      return () => {
        listeners.delete(onSeen);
        if (listeners.size > 0) return;
        if (timer !== null) clearTimeout(timer);
        timer = null;
        const ending = unwatch;
        unwatch = null;
        ending?.then(
          (end) => {
            end();
          },
          () => undefined,
        );
      };
    },
  };
}
