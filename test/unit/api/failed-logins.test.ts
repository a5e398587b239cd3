import { expect, it } from 'vitest';
import { failedLogins } from '../../../lib/api/failed-logins.ts';

function clock() {
  let time = 0;
  return { now: () => new Date(time), add: (ms: number) => (time += ms) };
}

it('lets five go wrong in a minute, and says how long the sixth has to wait', () => {
  const { now, add } = clock();
  const failed = failedLogins(now);
  for (let at = 0; at < 5; at += 1) {
    expect(failed.waitMs('a')).toBeNull();
    failed.add('a');
    add(1000);
  }
  expect(failed.waitMs('a')).toBe(55_000);
  expect(failed.waitMs('b')).toBeNull();
  add(55_000);
  expect(failed.waitMs('a')).toBeNull();
  failed.add('a');
  expect(failed.waitMs('a')).toBe(1000);
});

it('has room for so many clients, and forgets the one that has been quiet longest', () => {
  const failed = failedLogins(clock().now);
  for (let round = 0; round < 5; round += 1) failed.add('first');
  for (let at = 0; at < 255; at += 1) failed.add(String(at));
  expect([failed.size(), failed.waitMs('first') !== null]).toEqual([256, true]);
  for (let at = 0; at < 5000; at += 1) failed.add(`more-${String(at)}`);
  expect([failed.size(), failed.waitMs('first')]).toEqual([256, null]);
});
