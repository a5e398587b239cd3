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

it('has room for so many addresses', () => {
  const failed = failedLogins(clock().now);
  for (let round = 0; round < 5; round += 1) failed.add('first');
  for (let at = 0; at < 255; at += 1) failed.add(String(at));
  expect([failed.size(), failed.waitMs('first') !== null]).toEqual([257, true]);
  for (let at = 0; at < 5000; at += 1) failed.add(`more-${String(at)}`);
  expect(failed.size()).toBe(257);
});

it('lets fifty go wrong from all addresses together', () => {
  const { now, add } = clock();
  const failed = failedLogins(now);
  for (let at = 0; at < 50; at += 1) {
    expect(failed.waitMs(`127.0.0.${String(at)}`)).toBeNull();
    failed.add(`127.0.0.${String(at)}`);
  }
  expect(failed.waitMs('127.9.9.9')).toBe(60_000);
  add(60_000);
  expect(failed.waitMs('127.9.9.9')).toBeNull();
});
