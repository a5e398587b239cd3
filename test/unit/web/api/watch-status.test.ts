import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StatusAnswer } from '../../../../lib/core/http-api/api-answers.ts';
import type { Link, Watch } from '../../../../web/api/link.ts';
import { watchStatus } from '../../../../web/api/watch-status.ts';
import { playedServer, readMockStates } from '../../../helpers/played.ts';
import type { Page, Said, Stub } from './page.ts';
import { arrived, json, page, page200, passing, refused, said, stream, stub } from './page.ts';

const STATES = readMockStates();
const IDLE = STATES.state('up-to-date');
const NEWS = STATES.state('available');
const RUNNING = STATES.state('installing');

type View = Said<{ status: StatusAnswer | null; link: Link }>;

function watched(base: string, { around }: Page, { query = '', once = false } = {}): View & Watch {
  const view: View = said();
  const watch = watchStatus({
    base,
    query,
    once,
    around,
    on: (status, link) => {
      view.say({ status, link });
    },
  });
  onTestFinished(watch.close);
  return { ...view, ...watch };
}

const isLive = ({ link }: { link: Link }): boolean => link.is === 'live';
const is =
  (wanted: Link['is']) =>
  ({ link }: { link: Link }): boolean =>
    link.is === wanted;

async function post(url: string, path: string): Promise<void> {
  await fetch(`${url}/api/update/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
}

async function passUntil(own: Page, view: View, fits: (what: { status: StatusAnswer | null; link: Link }) => boolean): Promise<void> {
  await passing(own, view.until(fits), 250);
}

describe('with the server of the mock', () => {
  it('shows what is so at once, then every change to the end of a run', async () => {
    const { url, clock } = await playedServer();
    const view = watched(`${url}/api/update`, page());
    expect(view.all).toEqual([{ status: null, link: { is: 'connecting' } }]);
    expect((await view.until(isLive)).status).toEqual(STATES.state('available'));
    await post(url, 'apply');
    await view.until(({ status }) => status?.run?.phase === 'downloading');
    clock.pass(60_000);
    const { status, link } = await view.until((seen) => seen.status?.run?.state === 'ended');
    expect([status?.current, status?.run?.outcome, link.is]).toEqual(['1.5.0', 'ok', 'live']);
  });

  it('asks in the state that the query names', async () => {
    const { url } = await playedServer();
    const view = watched(`${url}/api/update/`, page(), { query: 'state=broken' });
    expect((await view.until(isLive)).status).toEqual(STATES.state('broken'));
  });

  it('says that it reconnects when the server goes in the middle of a run, and then the truth', async () => {
    const first = await playedServer({ first: 'installing' });
    const own = page();
    const view = watched(`${first.url}/api/update`, own);
    await view.until(isLive);
    await first.close();
    const lost = await view.until(is('reconnecting'));
    expect(lost.status?.run?.state).toBe('running');
    expect(lost.link).toEqual({ is: 'reconnecting' });
    await playedServer({ first: 'rolled-back', port: Number(new URL(first.url).port) });
    await passUntil(own, view, isLive);
    expect(view.all.at(-1)?.status).toEqual(STATES.state('rolled-back'));
    expect(view.all.some(({ link }) => link.is === 'gone')).toBe(false);
  });

  it('asks again and again while another has its place, and takes one when it is looked at', async () => {
    const { url, clock } = await playedServer();
    const own = page();
    const view = watched(`${url}/api/update`, own);
    expect((await view.until(isLive)).status).toEqual(STATES.state('available'));
    const others = new AbortController();
    const headers = { accept: 'text/event-stream' };
    await Promise.all(Array.from({ length: 6 }, () => fetch(`${url}/api/update/events`, { signal: others.signal, headers })));
    await expect.poll(() => own.open()).toBe(0);
    await post(url, 'check');
    await passUntil(own, view, ({ status }) => status?.run?.state === 'running');
    expect(own.open()).toBe(0);
    own.show();
    await expect.poll(() => own.hasStream()).toBe(true);
    others.abort();
    clock.pass(60_000);
    await view.until(({ status }) => status?.run?.state === 'ended');
    expect(view.all.slice(1).every(isLive)).toBe(true);
  });

  it('has nine tabs share six streams without taking them from each other for ever', async () => {
    const { url } = await playedServer();
    const tabs = Array.from({ length: 9 }, () => page());
    const opened: string[] = [];
    for (const { around } of tabs) {
      const { open } = around;
      around.open = (address) => {
        opened.push(address);
        return open(address);
      };
    }
    const views: View[] = [];
    for (const tab of tabs) {
      const view = watched(`${url}/api/update`, tab);
      views.push(view);
      await view.until(isLive);
    }
    await expect.poll(() => tabs.filter((tab) => tab.hasStream()).length).toBe(6);
    for (let step = 0; step < 18; step += 1) {
      for (const { clock } of tabs) clock.pass(3000);
      await arrived();
    }
    expect([opened.length, tabs.filter((tab) => tab.hasStream()).length]).toEqual([9, 6]);
    await post(url, 'check');
    for (const [at, view] of views.entries())
      await passing(
        tabs[at] ?? page(),
        view.until((what) => isLive(what) && what.status?.run?.kind === 'check'),
        250,
      );
  });
});

describe('a server that does not let it in', () => {
  it.each([401, 403])('is told at once for %d, and forgotten when it does', async (status) => {
    const server = await stub({ events: refused(status, 'UNAUTHORIZED'), status: refused(status, 'UNAUTHORIZED') });
    const own = page();
    const view = watched(server.base, own);
    const { link } = await view.until(is('gone'));
    expect(link).toEqual({ is: 'gone', failure: { code: 'NOT_ALLOWED', message: 'it is UNAUTHORIZED', hint: 'a hint' } });
    server.answers = { events: stream(['status', JSON.stringify(IDLE)]) };
    view.retry();
    expect((await view.until(isLive)).status).toEqual(IDLE);
  });

  it('is told at once also when it did before', async () => {
    const server = await stub({ events: stream(['status', JSON.stringify(RUNNING)]) });
    const own = page();
    const view = watched(server.base, own);
    await view.until(isLive);
    server.answers = { events: refused(401, 'UNAUTHORIZED'), status: refused(401, 'UNAUTHORIZED') };
    own.online();
    expect((await view.until(is('gone'))).status).toEqual(RUNNING);
  });

  it('may answer with a page for the login, or lead to one', async () => {
    const server = await stub({ events: page200, status: page200 });
    const view = watched(server.base, page());
    expect((await view.until(is('gone'))).link).toMatchObject({ failure: { code: 'NOT_AN_ANSWER' } });
    const away = (response: ServerResponse): void => {
      response.writeHead(302, { location: '/login' }).end();
    };
    server.answers = { events: away, status: away, login: page200 };
    view.retry();
    await view.until(({ link }) => link.is === 'gone' && link.failure.code === 'NOT_ALLOWED');
    expect(server.asked['login'] ?? 0).toBe(1); // by the EventSource, which follows
  });
});

describe('a page that is hidden', () => {
  it('has no stream, and asks nothing', async () => {
    const server = await stub({ events: stream(['status', JSON.stringify(IDLE)]), status: json(200, IDLE) });
    const own = page();
    own.hide();
    const view = watched(server.base, own);
    own.clock.pass(600_000);
    expect([own.open(), server.asked]).toEqual([0, {}]);
    own.show();
    await view.until(isLive);
    expect(own.open()).toBe(1);
    own.hide();
    expect(own.open()).toBe(0);
    own.clock.pass(600_000);
    expect(server.asked).toEqual({ events: 1 });
    server.answers = { events: stream(['status', JSON.stringify(NEWS)]) };
    own.show();
    await view.until(({ status }) => status?.available !== null);
    expect(view.all.filter(({ link }) => link.is === 'reconnecting')).toEqual([]);
  });
});

describe('a server that is away', () => {
  const away = (response: ServerResponse): void => {
    response.destroy();
  };

  it('is asked after a wait that grows to half a minute', async () => {
    const server = await stub({ events: away, status: away });
    const own = page();
    const view = watched(server.base, own);
    expect((await view.until(is('gone'))).link).toMatchObject({ failure: { code: 'API_GONE' } });
    const waits: number[] = [];
    for (let times = 2; times <= 7; times += 1) {
      const from = own.around.now();
      const next = server.askedTimes('status', times).then(() => true);
      while (!(await Promise.race([next, pause()]))) own.clock.pass(250);
      waits.push(Math.round((own.around.now() - from) / 1000));
      await view.until(is('gone'));
      await arrived();
    }
    expect(waits[0]).toBeLessThanOrEqual(3);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(30);
    expect(Math.max(...waits)).toBeLessThanOrEqual(40);
  });

  it('is asked at once when the network is back', async () => {
    const server = await stub({ events: away, status: away });
    const own = page();
    const began = own.clock.now();
    const view = watched(server.base, own);
    await view.until(is('gone'));
    server.answers = { events: stream(['status', JSON.stringify(IDLE)]) };
    own.online();
    await view.until(isLive);
    expect(own.clock.now()).toEqual(began);
  });

  it.each([
    ['half a minute', IDLE, 25_000, 10_000],
    ['two minutes of a run', RUNNING, 119_000, 15_000],
  ])('is said to be gone after %s, and shown as it was until then', async (_what, status, graceMs, moreMs) => {
    const server = await stub({ events: stream(['status', JSON.stringify(status)]) });
    const own = page();
    const view = watched(server.base, own);
    await view.until(isLive);
    server.answers = { events: away, status: away };
    own.online();
    await view.until(is('reconnecting'));
    const from = own.around.now();
    await passUntil(own, view, is('gone'));
    const took = own.around.now() - from;
    expect(took).toBeGreaterThanOrEqual(graceMs);
    expect(took).toBeLessThanOrEqual(graceMs + moreMs);
    expect(view.all.at(-1)).toMatchObject({ status, link: { failure: { code: 'API_GONE' } } });
  });

  it('may be replaced by the error page of a proxy meanwhile', async () => {
    const server = await stub({ events: stream(['status', JSON.stringify(IDLE)]) });
    const own = page();
    const view = watched(server.base, own);
    await view.until(isLive);
    const gateway = (response: ServerResponse): void => {
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>502 Bad Gateway</h1>');
    };
    server.answers = { events: gateway, status: gateway };
    own.online();
    await view.until(is('reconnecting'));
    server.answers = { events: stream(['status', JSON.stringify(NEWS)]) };
    await passUntil(own, view, isLive);
    expect(view.all.at(-1)?.status).toEqual(NEWS);
  });
});

describe('a server that says nothing', () => {
  it('is slow after 8 seconds, and gone some time later; its answer counts all the same', async () => {
    const server = await stub({ events: () => undefined, status: () => undefined });
    const own = page();
    const view = watched(server.base, own);
    own.clock.pass(7_999);
    expect(view.all.at(-1)?.link.is).toBe('connecting');
    own.clock.pass(1);
    expect(view.all.at(-1)?.link.is).toBe('slow');
    own.clock.pass(2000);
    await server.askedTimes('status', 1);
    own.clock.pass(20_000);
    expect((await view.until(is('gone'))).link).toMatchObject({ failure: { code: 'SLOW' } });
    server.answers = { events: stream(['status', JSON.stringify(IDLE)]) };
    await passUntil(own, view, isLive);
  });

  it('is asked anew whether it is still there, and its news are not lost', async () => {
    const server = await stub({ events: stream(['status', JSON.stringify(IDLE)]) });
    const own = page();
    const view = watched(server.base, own);
    await view.until(isLive);
    server.answers = { events: stream(['status', JSON.stringify(NEWS)]) };
    own.clock.pass(59_999);
    await arrived();
    expect(server.asked).toEqual({ events: 1 });
    own.clock.pass(1);
    await view.until(({ status }) => status?.available !== null);
    expect([server.asked, own.open()]).toEqual([{ events: 2 }, 1]);
    expect(view.all.slice(1).every(isLive)).toBe(true);
  });

  it('is found out when it is dead', async () => {
    const server = await stub({ events: stream(['status', JSON.stringify(RUNNING)]) });
    const own = page();
    const view = watched(server.base, own);
    await view.until(isLive);
    server.answers = { events: () => undefined, status: () => undefined };
    own.clock.pass(15_000 + 1000);
    expect(view.all.at(-1)).toMatchObject({ status: RUNNING, link: { is: 'reconnecting' } });
  });
});

describe('what cannot be read', () => {
  it('is ignored, and said', async () => {
    const server = await stub({
      events: stream(['status', JSON.stringify(IDLE)], ['status', '{"half'], ['status', '{"branch":"x"}'], ['status', 'null'], ['other', '1']),
    });
    const own = page();
    const view = watched(server.base, own);
    await view.until(isLive);
    await until(() => own.warnings.length === 3);
    expect(own.warnings).toEqual(Array(3).fill("an event 'status' cannot be read, ignoring"));
    expect(view.all.at(-1)).toEqual({ status: IDLE, link: { is: 'live' } });
  });

  it('is told when the server says so itself, until it can be read again', async () => {
    const failure = { code: 'STATE_INVALID', message: 'state.json is damaged', hint: null };
    let write = (text: string): unknown => text;
    const server = await stub({
      events: (response) => {
        stream(['status', JSON.stringify(IDLE)], ['failure', JSON.stringify({ error: failure })])(response);
        write = (text) => response.write(text);
      },
    });
    const own = page();
    const view = watched(server.base, own);
    expect(await view.until(is('gone'))).toEqual({ status: IDLE, link: { is: 'gone', failure } });
    write(`event: status\ndata: ${JSON.stringify(NEWS)}\n\n`);
    expect(await view.until(isLive)).toEqual({ status: NEWS, link: { is: 'live' } });
    expect(own.open()).toBe(1);
  });
});

describe('a single look', () => {
  it('opens no stream, and looks once more when it is told to', async () => {
    const server = await stub({ status: json(200, IDLE) });
    const own = page();
    const view = watched(server.base, own, { once: true });
    await view.until(isLive);
    own.clock.pass(600_000);
    server.answers = { status: json(200, NEWS) };
    view.retry();
    await view.until(({ status }) => status?.available !== null);
    expect(server.asked).toEqual({ status: 2 });
  });
});

it('says and asks nothing after it was closed', async () => {
  const server: Stub = await stub({ events: stream(['status', JSON.stringify(IDLE)]), status: json(200, NEWS) });
  const own = page();
  const view = watched(server.base, own);
  await view.until(isLive);
  view.close();
  const said = view.all.length;
  own.clock.pass(600_000);
  own.online();
  own.show();
  await arrived();
  expect([view.all.length, own.open(), server.asked]).toEqual([said, 0, { events: 1 }]);
});

async function pause(): Promise<false> {
  await arrived();
  return false;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
