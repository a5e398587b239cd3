/**
 * A stream of events that is open while the page is visible. An EventSource does not say why it failed, tries again
 * without ever giving up, and does not notice that the other side is gone; so its first error ends it, and here it goes on:
 *
 *   opening    a new EventSource: no answer for 1 s is told as doubt, and for 10 s is an error
 *   open       each event is an answer; after a silence it is opened anew, as it may be dead
 *   asking     after an error: a plain request brings the answer itself, or the reason why there is none
 *   waiting    2 s growing to 30 s; the network's return, being looked at and `retry` end it at once
 *   displaced  another tab took its place: plain requests, until the page is looked at; else two would take it from each other for ever
 *   hidden     nothing is open, and nothing asked
 */
import type { Answer } from './answers.ts';
import { failureIn, parseJson } from './shapes.ts';
import type { Surroundings } from './surroundings.ts';
import type { Sign, Watch } from './link.ts';

export interface StreamOptions<T> {
  around: Surroundings;
  /** Asked before each attempt: it may go on where the last one ended. */
  url: () => string;
  /** The name of its events. */
  event: string;
  /** What an event says; false for what it cannot read. */
  take: (value: unknown) => boolean;
  /** The same by a plain request. */
  ask: () => Promise<Answer<T>>;
  takeAnswer: (value: T) => void;
  /** Whether a stream that is open is an answer without any event. */
  openIsAnswer: boolean;
  /** A silence so long is odd. Half of it is the longest wait. */
  quietMs: () => number;
  on: (sign: Sign) => void;
}

/** The last word of a stream whose place was given to another one. */
const DISPLACED = 'TOO_MANY_STREAMS';
const DOUBT_MS = 1000;
const OPENING_MS = 10_000;
const FIRST_WAIT_MS = 2000;

export function steadyStream<T>(options: StreamOptions<T>): Watch {
  const { around, on } = options;
  let source: { close: () => void } | null = null;
  /** An answer to an earlier attempt is not heard any more. */
  let attempt = 0;
  let waitMs = FIRST_WAIT_MS;
  let alarms: (() => void)[] = [];

  function alarm(ms: number, call: () => void): void {
    alarms.push(around.after(ms, call));
  }

  function silence(): void {
    for (const takeBack of alarms) takeBack();
    alarms = [];
  }

  function stop(): void {
    attempt += 1;
    source?.close();
    source = null;
    silence();
  }

  function doubt(): void {
    alarm(DOUBT_MS, () => {
      on('doubt');
    });
  }

  function start(): void {
    stop();
    if (around.document.visibilityState === 'hidden') return;
    const opened = around.open(options.url());
    source = opened;
    doubt();
    alarm(OPENING_MS, () => void askWhy());
    // Once closed it says nothing more (WHATWG HTML, 9.2.3).
    const listen = (type: string, call: (value: unknown) => void): void => {
      opened.addEventListener(type, (event) => {
        call('data' in event ? parseJson(String(event.data)) : undefined);
      });
    };
    listen(options.event, (value) => {
      if (options.take(value)) answered('answer');
      else around.warn(`an event '${options.event}' cannot be read, ignoring`);
    });
    listen('failure', (value) => {
      const failure = failureIn(value);
      if (failure?.code === DISPLACED) void askOnly();
      else if (failure !== null) answered(failure);
    });
    listen('open', () => {
      if (options.openIsAnswer) answered('answer');
    });
    listen('error', () => void askWhy());
  }

  function answered(sign: Sign): void {
    waitMs = FIRST_WAIT_MS;
    silence();
    alarm(options.quietMs(), start);
    on(sign);
  }

  async function askWhy(): Promise<void> {
    const sign = await askOnce();
    if (sign !== null) wait(sign);
  }

  async function askOnly(): Promise<void> {
    const sign = await askOnce();
    if (sign === null) return;
    alarm(options.quietMs() / 2, () => void askOnly());
    on(sign);
  }

  /** By a plain request, with nothing open. Null when something else has begun meanwhile. */
  async function askOnce(): Promise<Sign | null> {
    stop();
    const own = attempt;
    doubt();
    const answer = await options.ask();
    if (own !== attempt) return null;
    silence();
    if (answer.is === 'ok') options.takeAnswer(answer.value);
    return answer.is === 'ok' ? 'answer' : answer.failure;
  }

  function wait(sign: Sign): void {
    alarm(Math.min(waitMs, options.quietMs() / 2), start);
    waitMs *= 2;
    on(sign);
  }

  function wake(): void {
    waitMs = FIRST_WAIT_MS;
    start();
  }

  around.document.addEventListener('visibilitychange', wake);
  around.window.addEventListener('online', wake);
  start();
  return {
    close: () => {
      around.document.removeEventListener('visibilitychange', wake);
      around.window.removeEventListener('online', wake);
      stop();
    },
    retry: wake,
    look: () => {
      if (source === null) wake();
    },
  };
}
