/** The server of `npm run dev` behind a front, for browser tests: a played device whose time passes only when a test says so. */
import type { Front } from './web-front.ts';
import { front } from './web-front.ts';
import type { HandClock } from './played.ts';
import { playedServer } from './played.ts';

/** What pages are told the time is: a minute after a played device has begun, and later than all that has happened to it. */
export const NOW = new Date('2026-11-22T09:01:00.000Z');

export interface WebMock extends Front {
  clock: HandClock;
  /** Puts the device into a state of the mock. */
  show: (state: string) => Promise<void>;
  /** Whatever the API or the mock has: `dev/run`, `auto` … */
  post: (path: string, body: unknown) => Promise<void>;
  status: () => Promise<unknown>;
}

export async function webMock(first = 'available'): Promise<WebMock> {
  const played = await playedServer({ first });
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
    post,
    show: (name) => post('dev/state', { name }),
    status: async () => (await fetch(`${played.url}/api/update/status`)).json(),
  };
}
