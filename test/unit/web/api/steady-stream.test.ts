import { expect, it, onTestFinished } from 'vitest';
import type { Answer } from '../../../../web/api/answers.ts';
import type { Sign } from '../../../../web/api/link.ts';
import { steadyStream } from '../../../../web/api/steady-stream.ts';
import type { Page, Said, Stub } from './page.ts';
import { page, said, stream, stub } from './page.ts';

interface Seen extends Said<Sign> {
  taken: unknown[];
  urls: string[];
}

/** A stream of numbers; asking for them plainly answers what `answer` does. */
function numbers(server: Stub, own: Page, answer: () => Answer<number>, openIsAnswer = false): Seen {
  const seen: Seen = { ...said<Sign>(), taken: [], urls: [] };
  const steady = steadyStream<number>({
    around: own.around,
    url: () => {
      const url = `${server.base}/numbers?after=${JSON.stringify(seen.taken.at(-1) ?? 0)}`;
      seen.urls.push(new URL(url).search);
      return url;
    },
    event: 'number',
    take: (value) => typeof value === 'number' && seen.taken.push(value) > 0,
    ask: () => Promise.resolve(answer()),
    takeAnswer: (value) => seen.taken.push(value),
    openIsAnswer,
    quietMs: () => 60_000,
    on: seen.say,
  });
  onTestFinished(steady.close);
  return seen;
}

const ok = (value: number) => (): Answer<number> => ({ is: 'ok', status: 200, value });

it('goes on where it ended, with what came meanwhile', async () => {
  const server = await stub({
    numbers: (response) => {
      stream(['number', '1'])(response);
      response.end();
    },
  });
  const own = page();
  const seen = numbers(server, own, ok(5));
  await seen.until(() => seen.taken.length === 2);
  server.answers = { numbers: stream(['number', '6']) };
  own.clock.pass(2000);
  await seen.until(() => seen.taken.length === 3);
  expect([seen.taken, seen.urls]).toEqual([
    [1, 5, 6],
    ['?after=0', '?after=5'],
  ]);
  expect(seen.all.every((sign) => sign === 'answer')).toBe(true);
});

it('is an answer without any event where that is enough', async () => {
  const server = await stub({ numbers: stream() });
  expect(await numbers(server, page(), ok(0), true).until((sign) => sign === 'answer')).toBe('answer');
  const other = page();
  const seen = numbers(server, other, ok(0));
  other.clock.pass(1000);
  expect(await seen.until(() => true)).toBe('doubt');
});

it('has one connection at a time, however often it is woken', async () => {
  const server = await stub({ numbers: stream(['number', '1']) });
  const own = page();
  const seen = numbers(server, own, ok(1));
  for (let times = 0; times < 5; times += 1) own.online();
  await seen.until((sign) => sign === 'answer');
  expect(own.open()).toBe(1);
});
