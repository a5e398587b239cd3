import { expect, it, vi } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { connectionLoss } from '../../../../lib/io/bus/connection-loss.ts';

const first = new UpdateError('SYSTEMD_UNAVAILABLE', 'first');
const second = new UpdateError('SYSTEMD_UNAVAILABLE', 'second');

it('tells all callers that wait once, and later ones at once', () => {
  const line = connectionLoss();
  const [one, late] = [vi.fn(), vi.fn()];
  line.on(one);
  line.on(one);
  line.fail(first);
  line.fail(second);
  line.on(late);
  expect(one.mock.calls).toEqual([[first], [first]]);
  expect(late.mock.calls).toEqual([[first]]);
});

it('keeps nothing of those who wait no more, also of two with one function', () => {
  const line = connectionLoss();
  const seen = vi.fn();
  const [leave] = [line.on(seen), line.on(seen)];
  leave();
  leave();
  expect(line.size()).toBe(1);
  line.fail(first);
  expect(seen).toHaveBeenCalledTimes(1);
  expect(line.size()).toBe(0);
});

it.each([
  ['an answer', () => Promise.resolve('yes'), 5000, { is: 'yes' }],
  ['a refusal', () => Promise.reject(second), 5000, { error: second }],
  ['nothing in time', () => new Promise<string>(() => undefined), 1, { error: first }],
])('ends with %s, and no caller waits then', async (_name, ask, timeoutMs, ending) => {
  const line = connectionLoss();
  const asked = line.within(ask, timeoutMs, () => first);
  expect(line.size()).toBe(1);
  expect(
    await asked.then(
      (is) => ({ is }),
      (error: unknown) => ({ error }),
    ),
  ).toEqual(ending);
  expect(line.size()).toBe(0);
});

it('asks nothing of a connection that has ended', async () => {
  const line = connectionLoss();
  const ask = vi.fn(() => Promise.resolve('yes'));
  line.fail(first);
  await expect(line.within(ask, 5000, () => second)).rejects.toBe(first);
  expect(ask).not.toHaveBeenCalled();
});
