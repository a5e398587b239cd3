import { expect, it } from 'vitest';
import type { LogReader } from '../../../lib/api/deps.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import { expectRefused } from '../../helpers/api-server.ts';
import { served } from './served.ts';

const LINE = { cursor: 's=1', time: '2026-11-22T10:00:00.000Z', unit: 'check', priority: 6, message: 'a\nb' };

function journal(more: Partial<LogReader> = {}): LogReader {
  return {
    read: ({ lines }) => Promise.resolve({ lines: [LINE].slice(0, lines ?? 100), cursor: 's=1' }),
    follow: async function* (_query, signal) {
      yield LINE;
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
    },
    ...more,
  };
}

it('answers lines, and nothing where there is no journal', async () => {
  const api = await served({}, { journal: journal() });
  expect((await api.ask('/api/update/logs?lines=5&unit=check')).json).toEqual({ lines: [LINE], cursor: 's=1' });
  expectRefused(await (await served()).ask('/api/update/logs'), 404, 'NOT_FOUND');
});

it('follows, one event for a line whatever is in it, until the client goes', async () => {
  const ended: boolean[] = [];
  const api = await served(
    {},
    {
      journal: journal({
        follow: async function* (_query, signal) {
          yield LINE;
          await new Promise((resolve) => {
            signal.addEventListener('abort', resolve);
          });
          ended.push(true);
        },
      }),
    },
  );
  const stream = await api.follow('/api/update/logs', { headers: { Accept: 'text/event-stream' } });
  const { event, id, data } = await stream.until(() => true);
  expect([event, id, JSON.parse(data)]).toEqual(['line', 's=1', LINE]);
  stream.close();
  await expect.poll(() => ended).toEqual([true]);
});

it('says why it ends', async () => {
  const follow: LogReader['follow'] = async function* () {
    await Promise.resolve();
    throw new UpdateError('SYSTEMD_UNAVAILABLE', 'there is no journalctl');
  };
  const api = await served({}, { journal: journal({ follow }) });
  const stream = await api.follow('/api/update/logs', { headers: { Accept: 'text/event-stream' } });
  await stream.ended;
  expect(stream.events).toMatchObject([{ event: 'failure' }]);
});

it('goes on after the last line that a client had, whatever its address says', async () => {
  const asked: unknown[] = [];
  const follow: LogReader['follow'] = async function* (query) {
    await Promise.resolve();
    asked.push(query.cursor);
    yield LINE;
  };
  const api = await served({}, { journal: journal({ follow }) });
  const cursor = (count: number): string => `s=1;i=${String(count)};b=1;m=1;t=1;x=1`;
  for (const last of [cursor(2), 'nonsense']) {
    const path = `/api/update/logs?cursor=${encodeURIComponent(cursor(1))}`;
    await (
      await api.follow(path, { headers: { Accept: 'text/event-stream', 'Last-Event-ID': last } })
    ).ended;
  }
  expect(asked).toEqual([cursor(2), cursor(1)]);
});

const LONG = { ...LINE, message: 'x'.repeat(20_000) };

/** A reader who takes nothing until it is told to. */
function slowReader(api: Awaited<ReturnType<typeof served>>) {
  const socket = api.connect();
  socket.pause();
  socket.on('error', () => undefined);
  socket.write('GET /api/update/logs HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n');
  return { socket, closed: new Promise((resolve) => socket.on('close', resolve)) };
}

it('waits for a client that reads slowly, line by line', async () => {
  let told = 0;
  const follow: LogReader['follow'] = async function* () {
    await Promise.resolve();
    for (told = 0; told < 200; told += 1) yield LONG;
  };
  const api = await served({}, { journal: journal({ follow }) });
  const { socket, closed } = slowReader(api);
  await expect.poll(() => told).toBeGreaterThan(1);
  expect(told).toBeLessThan(200);
  let text = '';
  socket.on('data', (data) => (text += data.toString()));
  socket.resume();
  await closed;
  expect(text.split('event: line').length - 1).toBe(200);
});

it('does not wait for ever for a client that does not read at all', async () => {
  let ended = false;
  const follow: LogReader['follow'] = async function* () {
    try {
      await Promise.resolve();
      for (;;) yield LONG;
    } finally {
      ended = true;
    }
  };
  const api = await served({}, { journal: journal({ follow }), limits: { heartbeatMs: 20, streams: 8, bufferedBytes: 64 * 1024 } });
  slowReader(api);
  await expect.poll(() => ended).toBe(true);
});
