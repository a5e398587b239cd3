/** Who waits for which of systemd's jobs. The end of a job may be told before the answer that names it; nothing is missed. */
import type { ConnectionLoss } from './connection-loss.ts';

export interface JobResults {
  /** Queues a job and resolves with its result, or with `timeout` after `timeoutMs`. Rejects when the connection ends. */
  wait: (queue: () => Promise<string>, timeoutMs: number, lost: Pick<ConnectionLoss, 'on'>) => Promise<string>;
  /** Jobs that a caller waits for. */
  pending: () => string[];
  /** To be called for every job that ends. */
  ended: (job: string, result: string) => void;
  /** Forgets all waiting callers; their promises stay open. */
  close: () => void;
}

interface Waiter {
  finish: (result: string) => void;
  timer: NodeJS.Timeout;
  /** Does not wait for the end of the connection any more. */
  forget: () => void;
}

export function jobResults(): JobResults {
  const waiting = new Map<string, Set<Waiter>>();
  /** Ends that came while an answer was outstanding, which may be about them. */
  const early = new Map<string, string>();
  let queueing = 0;

  async function queued(queue: () => Promise<string>): Promise<{ job: string; result: string | undefined }> {
    queueing += 1;
    try {
      const job = await queue();
      return { job, result: early.get(job) };
    } finally {
      queueing -= 1;
      if (queueing === 0) early.clear();
    }
  }

  function end(job: string, timeoutMs: number, lost: Pick<ConnectionLoss, 'on'>): Promise<string> {
    return new Promise((resolve, reject) => {
      const waiters = waiting.get(job) ?? new Set();
      waiting.set(job, waiters);
      const leave = (): void => {
        clearTimeout(waiter.timer);
        waiters.delete(waiter);
        if (waiters.size === 0) waiting.delete(job);
        waiter.forget();
      };
      const finish = (result: string): void => {
        leave();
        resolve(result);
      };
      const waiter: Waiter = { finish, timer: setTimeout(finish, timeoutMs, 'timeout'), forget: () => undefined };
      waiters.add(waiter);
      waiter.forget = lost.on((error) => {
        leave();
        reject(error);
      });
    });
  }

  return {
    wait: async (queue, timeoutMs, lost) => {
      const { job, result } = await queued(queue);
      return result ?? (await end(job, timeoutMs, lost));
    },
    pending: () => [...waiting.keys()],
    ended: (job, result) => {
      for (const waiter of waiting.get(job) ?? []) waiter.finish(result);
      if (queueing > 0) early.set(job, result);
    },
    close: () => {
      for (const waiters of waiting.values()) {
        for (const waiter of waiters) {
          clearTimeout(waiter.timer);
          waiter.forget();
        }
      }
      waiting.clear();
    },
  };
}
