import { expect, it } from 'vitest';
import { startsOf } from '../../../lib/api/starts.ts';
import type { Run } from '../../../lib/core/run/run.ts';
import { run } from './a-run.ts';

function bed() {
  const now: { run: Run | null } = { run: null };
  let count = 0;
  const starts = startsOf(() => Promise.resolve(now.run));
  const start = (): Promise<Run> => {
    count += 1;
    now.run = run({ id: `r${String(count)}` });
    return Promise.resolve(now.run);
  };
  const end = (): void => {
    if (now.run !== null) now.run = { ...now.run, state: 'ended' };
  };
  return { starts, start, end, count: () => count };
}

it('starts one of many, and tells the others what runs', async () => {
  const { starts, start, count } = bed();
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => starts.begin('apply', null, start)));
  expect(all.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
  expect(all.filter((one) => one.status === 'rejected').map((one): unknown => one.reason)[0]).toMatchObject({
    code: 'BUSY',
    message: 'an update is running',
  });
  expect(count()).toBe(1);
});

it('does not start a second one for those who came when the first had not begun, also when that is over already', async () => {
  const { starts, start, end, count } = bed();
  const quick = async (): Promise<Run> => {
    const begun = await start();
    end();
    return begun;
  };
  const all = await Promise.allSettled([starts.begin('check', null, quick), starts.begin('check', null, quick), starts.begin('check', null, quick)]);
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  expect(count()).toBe(1);
  await starts.begin('check', null, quick);
  expect(count()).toBe(2);
});

it('answers a key with its run, until another one has run', async () => {
  const { starts, start, end, count } = bed();
  const [one, two] = await Promise.all([starts.begin('apply', 'k', start), starts.begin('apply', 'k', start)]);
  expect([one.id, two.id]).toEqual(['r1', 'r1']);
  end();
  expect((await starts.begin('apply', 'k', start)).id).toBe('r1');
  expect((await starts.begin('check', 'k', start)).id).toBe('r2');
  end();
  expect((await starts.begin('apply', 'k', start)).id).toBe('r3');
  expect(count()).toBe(3);
  await expect(starts.begin('apply', 'a b', start)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
});

it('goes on after a start that failed', async () => {
  const { starts, start } = bed();
  await expect(starts.begin('apply', null, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect((await starts.begin('apply', null, start)).id).toBe('r1');
  await expect(starts.inTurn(() => Promise.resolve(5))).resolves.toBe(5);
});
