import { expect, it } from 'vitest';
import { LogsAnswer } from '../../../lib/core/http-api/api-answers.ts';
import { LogsQuery } from '../../../lib/core/http-api/api-requests.ts';
import { JournalCursor } from '../../../lib/core/http-api/journal-line.ts';
import { mockJournal } from '../../../lib/mock/journal.ts';
import { player } from '../../../lib/mock/player.ts';
import { handClock, readMockStates } from '../../helpers/played.ts';

const STATES = readMockStates();

function journal() {
  const clock = handClock();
  const playing = player(STATES, 'available', clock);
  return { clock, playing, journal: mockJournal(STATES, playing, clock) };
}

it('gives the last lines, and goes on from a cursor as a real one does', async () => {
  const { journal: mock } = journal();
  const all = LogsAnswer.parse(await mock.read({}));
  expect(all.lines).toHaveLength(STATES.journal.length);
  const { lines, cursor } = await mock.read({ lines: 2 });
  expect(lines).toEqual(all.lines.slice(-2));
  expect(await mock.read({ cursor: cursor ?? '' })).toEqual({ lines: [], cursor });
  expect((await mock.read({ cursor: all.lines[0]?.cursor ?? '', lines: 2 })).lines).toEqual(all.lines.slice(1, 3));
  expect((await mock.read({ unit: 'auto' })).lines.map(({ unit }) => unit)).toEqual(['auto']);
  for (const line of all.lines) {
    expect(JournalCursor.safeParse(line.cursor).success).toBe(true);
    expect(LogsQuery.safeParse({ cursor: line.cursor }).success).toBe(true);
  }
});

it('is followed: a line for each phase, until the reader goes', async () => {
  const { journal: mock, playing, clock } = journal();
  const stop = new AbortController();
  const lines = mock.follow({ lines: 1, unit: 'fetch' }, stop.signal)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toMatchObject({ message: '1.5.0 is downloaded and verified' });
  const next = lines.next();
  playing.start('update', 'owner');
  clock.pass(60_000);
  expect((await next).value).toMatchObject({ unit: 'fetch', message: 'downloading 1.5.0' });
  expect((await lines.next()).value).toMatchObject({ message: 'unpacking 1.5.0' });
  const last = lines.next();
  stop.abort();
  expect(await last).toEqual({ done: true, value: undefined });
  expect((await mock.read({ lines: 1 })).lines[0]).toMatchObject({ unit: 'apply', message: '1.5.0 is installed (before: 1.4.0)' });
});
