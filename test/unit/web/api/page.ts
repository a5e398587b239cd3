/** A page for what the widget does on the network: a clock by hand, a window and a document of its own, and what was said. */
import http from 'node:http';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { Surroundings } from '../../../../web/api/surroundings.ts';
import { FetchEventSource } from '../../../helpers/event-source.ts';
import type { HandClock } from '../../../helpers/played.ts';
import { handClock } from '../../../helpers/played.ts';

export interface Page {
  around: Surroundings;
  clock: HandClock;
  warnings: string[];
  /** Streams that are open or opening. */
  open: () => number;
  /** Whether one of them has been answered. */
  hasStream: () => boolean;
  show: () => void;
  hide: () => void;
  online: () => void;
}

export function page(): Page {
  const clock = handClock();
  const warnings: string[] = [];
  const sources = new Set<FetchEventSource>();
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  const look = (state: 'visible' | 'hidden'): void => {
    document.visibilityState = state;
    document.dispatchEvent(new Event('visibilitychange'));
  };
  onTestFinished(() => {
    for (const source of sources) source.close();
  });
  return {
    clock,
    warnings,
    around: {
      open: (url) => {
        const source = new FetchEventSource(url);
        sources.add(source);
        return source;
      },
      fetch: (input, init) => fetch(input, init),
      now: () => clock.now().getTime(),
      after: clock.after,
      document,
      window,
      warn: (message) => warnings.push(message),
    },
    open: () => [...sources].filter(({ readyState }) => readyState !== 2).length,
    hasStream: () => [...sources].some(({ readyState }) => readyState === 1),
    show: () => {
      look('visible');
    },
    hide: () => {
      look('hidden');
    },
    online: () => window.dispatchEvent(new Event('online')),
  };
}

export interface Said<T> {
  all: T[];
  say: (what: T) => void;
  /** Resolves with the next one, or the one there is, that fits. */
  until: (fits: (what: T) => boolean) => Promise<T>;
}

export function said<T>(): Said<T> {
  const all: T[] = [];
  const waiting = new Set<() => void>();
  return {
    all,
    say: (what) => {
      all.push(what);
      for (const wake of [...waiting]) wake();
    },
    until: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          const last = all.at(-1);
          if (last === undefined || !fits(last)) return;
          waiting.delete(look);
          resolve(last);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** How a server of the test answers, by the last part of the path. */
export type Answers = Record<string, (response: http.ServerResponse, request: http.IncomingMessage) => void>;

export interface Stub {
  base: string;
  /** May be changed at any time. */
  answers: Answers;
  /** How often each was asked. */
  asked: Record<string, number>;
  /** Resolves when this has been asked so often. */
  askedTimes: (name: string, times: number) => Promise<void>;
}

export async function stub(answers: Answers): Promise<Stub> {
  const asked: Record<string, number> = {};
  const waiting = new Set<() => void>();
  const made: Stub = {
    base: '',
    answers,
    asked,
    askedTimes: (name, times) =>
      new Promise((resolve) => {
        const look = (): void => {
          if ((asked[name] ?? 0) < times) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
  const server = http.createServer((request, response) => {
    const name = new URL(request.url ?? '', 'http://stub').pathname.split('/').at(-1) ?? '';
    asked[name] = (asked[name] ?? 0) + 1;
    const answer = made.answers[name];
    if (answer === undefined) response.writeHead(404).end('not here');
    else answer(response, request);
    for (const wake of [...waiting]) wake();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  made.base = `http://127.0.0.1:${String(typeof address === 'object' ? (address?.port ?? 0) : 0)}/api/update`;
  return made;
}

export const json =
  (status: number, body: unknown) =>
  (response: http.ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

export const refused = (status: number, code: string): ((response: http.ServerResponse) => void) =>
  json(status, { error: { code, message: `it is ${code}`, hint: 'a hint' } });

export const page200 = (response: http.ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Please log in</h1>');
};

/** A stream with these events, which stays open. */
export const stream =
  (...events: [event: string, data: string][]) =>
  (response: http.ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
    for (const [event, data] of events) response.write(`event: ${event}\nid: 1\ndata: ${data}\n\n`);
  };

/** Lets time pass on a page, with what happens in between, until this is there. */
export async function passing<T>({ clock }: Page, awaited: Promise<T>, stepMs: number): Promise<T> {
  const state = { isThere: false };
  const there = awaited.finally(() => {
    state.isThere = true;
  });
  while (!state.isThere) {
    clock.pass(stepMs);
    await arrived();
  }
  return await there;
}

/** What is on its way on this machine arrives. */
export async function arrived(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
