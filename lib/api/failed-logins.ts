/**
 * How often each client has sent a wrong token lately, and all clients of one socket peer together: what a proxy says of its
 * clients may be made up. Bounded: a client that nobody has room for any more is forgotten.
 */

const WINDOW_MS = 60_000;
const MAX_FAILURES = 5;
/** Of all who come through one proxy. */
const MAX_PEER_FAILURES = 50;
const MAX_CLIENTS = 256;

export interface Caller {
  /** Who connects. */
  peer: string;
  /** Whom it says that it speaks for; often itself. */
  client: string;
}

export interface FailedLogins {
  /** How long this caller has to wait before it may try again; null when it need not. */
  waitMs: (caller: Caller) => number | null;
  add: (caller: Caller) => void;
  size: () => number;
}

export function failedLogins(now: () => Date): FailedLogins {
  const clients = countOf(now, MAX_FAILURES);
  const peers = countOf(now, MAX_PEER_FAILURES);
  return {
    waitMs: ({ client, peer }) => clients.waitMs(client) ?? peers.waitMs(peer),
    add: ({ client, peer }) => {
      clients.add(client);
      peers.add(peer);
    },
    size: () => clients.size() + peers.size(),
  };
}

function countOf(now: () => Date, most: number) {
  /** Oldest name first: who fails again goes to the end. */
  const times = new Map<string, number[]>();
  const recent = (name: string): number[] => {
    const since = now().getTime() - WINDOW_MS;
    return (times.get(name) ?? []).filter((time) => time > since);
  };
  return {
    waitMs: (name: string): number | null => {
      const [first, ...others] = recent(name);
      return first === undefined || others.length + 1 < most ? null : Math.max(1, first + WINDOW_MS - now().getTime());
    },
    add: (name: string): void => {
      const known = [...recent(name), now().getTime()].slice(-most);
      times.delete(name);
      times.set(name, known);
      const [oldest] = times.keys();
      if (times.size > MAX_CLIENTS && oldest !== undefined) times.delete(oldest);
    },
    size: (): number => times.size,
  };
}
