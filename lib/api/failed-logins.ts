/**
 * How often each address has sent a wrong token lately, and all addresses together: anybody on this device has sixteen million of
 * them (127.0.0.0/8). What a client says of itself does not count, since it may be made up. Bounded: an address that no client has
 * room for any more is forgotten.
 */

const WINDOW_MS = 60_000;
const MAX_FAILURES = 5;
/** Of all addresses together. */
const MAX_ALL_FAILURES = 50;
const MAX_PEERS = 256;

export interface FailedLogins {
  /** How long a wrong token of this address is not looked at any more; null when it is. */
  waitMs: (peer: string) => number | null;
  add: (peer: string) => void;
  size: () => number;
}

export function failedLogins(now: () => Date): FailedLogins {
  const peers = countOf(now, MAX_FAILURES);
  const all = countOf(now, MAX_ALL_FAILURES);
  return {
    waitMs: (peer) => peers.waitMs(peer) ?? all.waitMs(''),
    add: (peer) => {
      peers.add(peer);
      all.add('');
    },
    size: () => peers.size() + all.size(),
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
      if (times.size > MAX_PEERS && oldest !== undefined) times.delete(oldest);
    },
    size: (): number => times.size,
  };
}
