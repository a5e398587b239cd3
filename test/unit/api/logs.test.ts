import { expect, it } from 'vitest';
import type { JournalReader } from '../../../lib/api/deps.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import { expectRefused } from '../../helpers/api-server.ts';
import { served } from './served.ts';

const LINE = { cursor: 's=1', time: '2026-11-22T10:00:00.000Z', unit: 'check', priority: 6, message: 'a\nb' };

function journal(more: Partial<JournalReader> = {}): JournalReader {
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
  const follow: JournalReader['follow'] = async function* () {
    await Promise.resolve();
    throw new UpdateError('SYSTEMD_UNAVAILABLE', 'there is no journalctl');
  };
  const api = await served({}, { journal: journal({ follow }) });
  const stream = await api.follow('/api/update/logs', { headers: { Accept: 'text/event-stream' } });
  await stream.ended;
  expect(stream.events).toMatchObject([{ event: 'failure' }]);
});
