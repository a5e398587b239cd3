/** The server of `npm run dev` behind a front, for browser tests: a played device whose time passes only when a test says so. */
import type { Front } from './web-front.ts';
import { front } from './web-front.ts';
import type { HandClock } from './played.ts';
import { handClock, playedServer } from './played.ts';

/** What pages are told the time is, where they are told one: later than all that has happened to a device that began at BEGUN. */

export interface WebMock extends Front {
  clock: HandClock;
  /** The time of a page that is to look at it a minute after it has begun. */
  now: Date;
  /** Puts the device into a state of the mock. */
  show: (state: string) => Promise<void>;
  /** Whatever the API or the mock has: `dev/run`, `auto` … */
  post: (path: string, body: unknown) => Promise<void>;
  status: () => Promise<unknown>;
}

/** A device of now, unless it is told when: a page that is not told the time has that of the machine. */
export async function webMock(first = 'available', begun = new Date()): Promise<WebMock> {
  const played = await playedServer({ first, clock: handClock(begun) });
  const post: WebMock['post'] = async (path, body) => {
    const response = await fetch(`${played.url}/api/update/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  };
  return {
    ...(await front(played.url)),
    clock: played.clock,
    now: new Date(begun.getTime() + 60_000),
    post,
    show: (name) => post('dev/state', { name }),
    status: async () => (await fetch(`${played.url}/api/update/status`)).json(),
  };
}
