/** The loss of a connection, for callers that wait for something on it. Callers that stop waiting are forgotten. */
import type { UpdateError } from '../../core/errors.ts';

export interface ConnectionLoss {
  /** Calls back when the connection ends, at once when it has, until the returned function is called. */
  on: (listener: (error: UpdateError) => void) => () => void;
  /** Settles as `ask` does, or with the end of the connection, or with what `late` makes of it after `timeoutMs`. Does not ask when it has ended. */
  within: <T>(ask: () => Promise<T>, timeoutMs: number, late: () => UpdateError) => Promise<T>;
  /** The first error is the one that is told, to each listener once. */
  fail: (error: UpdateError) => void;
  /** How many wait. */
  size: () => number;
}

export function connectionLoss(): ConnectionLoss {
  const listeners = new Set<(error: UpdateError) => void>();
  let failure: UpdateError | null = null;
  const on: ConnectionLoss['on'] = (listener) => {
    if (failure !== null) {
      listener(failure);
      return () => undefined;
    }
    // Of its own: two who wait with the same function are two.
    const mine = (error: UpdateError): void => {
      listener(error);
    };
    listeners.add(mine);
    return () => {
      listeners.delete(mine);
    };
  };
  return {
    on,
    within: async (ask, timeoutMs, late) => {
      if (failure !== null) throw failure;
      let leave = (): void => undefined;
      // A promise for each: one that lives as long as the connection would keep every answer that was raced against it.
      const cut = new Promise<never>((_resolve, reject) => {
        const forget = on(reject);
        const timer = setTimeout(() => {
          reject(late());
        }, timeoutMs);
        leave = () => {
          clearTimeout(timer);
          forget();
        };
      });
      try {
        return await Promise.race([ask(), cut]);
      } finally {
        leave();
      }
    },
    fail: (error) => {
      failure ??= error;
      const told = [...listeners];
      listeners.clear();
      for (const listener of told) listener(failure);
    },
    size: () => listeners.size,
  };
}
