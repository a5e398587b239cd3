/** From the signs of a stream to how sure one may be of what it said. */
import type { Link, Sign } from './link.ts';

/** What is over by itself when a server has started again; anything else is told at once. */
const PASSING = ['API_GONE', 'SLOW', 'NOT_AN_ANSWER', 'SYSTEMD_UNAVAILABLE'];

export interface LinkOptions {
  now: () => number;
  /** Whether there is anything to show meanwhile. */
  hasAny: () => boolean;
  /** How long that is shown as what was so, before the widget says that there is no answer. */
  graceMs: () => number;
}

/** The link after each sign, and after the one before. */
export function keepLink({ now, hasAny, graceMs }: LinkOptions): (link: Link, sign: Sign) => Link {
  let lostMs: number | null = null;
  return (link, sign) => {
    if (sign === 'answer') {
      lostMs = null;
      return { is: 'live' };
    }
    if (sign !== 'doubt' && (!hasAny() || !PASSING.includes(sign.code))) return { is: 'gone', failure: sign };
    if (!hasAny()) return link;
    lostMs ??= now();
    if (link.is === 'gone' && sign === 'doubt') return link;
    return sign !== 'doubt' && now() - lostMs >= graceMs() ? { is: 'gone', failure: sign } : { is: 'reconnecting' };
  };
}
