import { expect, it, onTestFinished } from 'vitest';
import type { LogLine } from '../../../../lib/core/http-api/api-answers.ts';
import type { LogsView } from '../../../../web/api/follow-logs.ts';
import { MOST_LINES, followLogs } from '../../../../web/api/follow-logs.ts';
import type { Watch } from '../../../../web/api/link.ts';
import { playedServer } from '../../../helpers/played.ts';
import type { Page, Said } from './page.ts';
import { json, page, passing, refused, said, stream, stub } from './page.ts';

function followed(base: string, { around }: Page): Said<LogsView> & Watch {
  const view = said<LogsView>();
  const watch = followLogs({ base, query: '', around, on: view.say });
  onTestFinished(watch.close);
  return { ...view, ...watch };
}

const line = (number: number): LogLine => ({
  cursor: `s=1;i=${number.toString(16)}`,
  time: '2026-11-22T09:00:00.000Z',
  unit: 'apply',
  priority: 6,
  message: `line ${String(number)}`,
});
const event = (number: number): [string, string] => ['line', JSON.stringify(line(number))];

/** Lines are gathered for a moment before they are told. */
async function told(own: Page, view: Said<LogsView>, fits: (view: LogsView) => boolean): Promise<LogsView> {
  return await passing(own, view.until(fits), 50);
}

it('shows the last lines, and each new one, of the server of the mock', async () => {
  const { url, clock } = await playedServer();
  const own = page();
  const view = followed(`${url}/api/update`, own);
  expect(view.all).toEqual([{ lines: [], isCut: false, link: { is: 'connecting' } }]);
  const first = await told(own, view, ({ lines }) => lines.length >= 13);
  expect([first.isCut, first.link.is]).toEqual([false, 'live']);
  await fetch(`${url}/api/update/apply`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  clock.pass(60_000);
  const last = await told(own, view, ({ lines }) => lines.at(-1)?.message.startsWith('1.5.0 is installed') === true);
  expect(new Set(last.lines.map(({ cursor }) => cursor)).size).toBe(last.lines.length);
});

it('goes on after the last line when the server comes back, and repeats none', async () => {
  const first = await playedServer();
  const own = page();
  const view = followed(`${first.url}/api/update`, own);
  const before = await told(own, view, ({ lines }) => lines.length >= 13);
  await first.close();
  await told(own, view, ({ link }) => link.is === 'reconnecting');
  const port = Number(new URL(first.url).port);
  const { clock, url } = await playedServer({ first: 'available', port });
  await told(own, view, ({ link }) => link.is === 'live');
  await fetch(`${url}/api/update/check`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  clock.pass(60_000);
  const after = await told(own, view, ({ lines }) => lines.length > before.lines.length);
  expect(after.lines.slice(0, before.lines.length)).toEqual(before.lines);
});

it('keeps the newest thousand, and says that there were more', async () => {
  const server = await stub({ logs: stream(...Array.from({ length: MOST_LINES + 5 }, (_, index) => event(index))) });
  const own = page();
  const { lines } = await told(
    own,
    followed(server.base, own),
    ({ isCut, lines: all }) => isCut && all.at(-1)?.message === `line ${String(MOST_LINES + 4)}`,
  );
  expect([lines.length, lines[0]?.message]).toEqual([MOST_LINES, 'line 5']);
});

it('draws many lines at once, and not each of them', async () => {
  const server = await stub({ logs: stream(...Array.from({ length: 200 }, (_, index) => event(index))) });
  const own = page();
  const view = followed(server.base, own);
  await told(own, view, ({ lines }) => lines.length === 200);
  expect(view.all.length).toBeLessThan(50);
});

it('says why there are none', async () => {
  const server = await stub({ logs: refused(404, 'NOT_FOUND') });
  const own = page();
  expect((await told(own, followed(server.base, own), ({ link }) => link.is === 'gone')).link).toMatchObject({ failure: { code: 'NOT_FOUND' } });
});

it('asks plainly while all streams are taken', async () => {
  const answers = { lines: [line(1), line(2)], cursor: line(2).cursor };
  const server = await stub({
    logs: (response, { headers }) => {
      if (headers.accept === 'text/event-stream') refused(503, 'TOO_MANY_STREAMS')(response);
      else json(200, answers)(response);
    },
  });
  const own = page();
  const { lines, link } = await told(own, followed(server.base, own), (view) => view.lines.length === 2);
  expect([lines.map(({ message }) => message), link.is]).toEqual([['line 1', 'line 2'], 'live']);
});

it('ignores what is no line, and says so; tells nothing once it is closed', async () => {
  const server = await stub({ logs: stream(['line', '{}'], ['line', 'x'], event(1)) });
  const own = page();
  const view = followed(server.base, own);
  const { lines } = await told(own, view, (seen) => seen.lines.length > 0);
  expect([lines.length, own.warnings.length]).toEqual([1, 2]);
  view.close();
  const count = view.all.length;
  own.clock.pass(600_000);
  expect([view.all.length, own.open()]).toEqual([count, 0]);
});
