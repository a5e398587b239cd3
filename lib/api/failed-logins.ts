/** How often each client has sent a wrong token lately. Bounded: a client that nobody has room for any more is forgotten. */

const WINDOW_MS = 60_000;
const MAX_FAILURES = 5;
const MAX_CLIENTS = 256;

export interface FailedLogins {
  /** How long this client has to wait before it may try again; null when it need not. */
  waitMs: (client: string) => number | null;
  add: (client: string) => void;
  size: () => number;
}

export function failedLogins(now: () => Date): FailedLogins {
  /** Oldest client first: who fails again goes to the end. */
  const times = new Map<string, number[]>();
  const recent = (client: string): number[] => {
    const since = now().getTime() - WINDOW_MS;
    return (times.get(client) ?? []).filter((time) => time > since);
  };
  return {
    waitMs: (client) => {
      const [first, ...others] = recent(client);
      return first === undefined || others.length + 1 < MAX_FAILURES ? null : Math.max(1, first + WINDOW_MS - now().getTime());
    },
    add: (client) => {
      const known = [...recent(client), now().getTime()].slice(-MAX_FAILURES);
      times.delete(client);
      times.set(client, known);
      const [oldest] = times.keys();
      if (times.size > MAX_CLIENTS && oldest !== undefined) times.delete(oldest);
    },
    size: () => times.size,
  };
}
