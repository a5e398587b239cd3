import { expect, it } from 'vitest';
import { failedLogins } from '../../../lib/api/failed-logins.ts';

/** Nobody in between. */
const of = (client: string) => ({ client, peer: client });

function clock() {
  let time = 0;
  return { now: () => new Date(time), add: (ms: number) => (time += ms) };
}

it('lets five go wrong in a minute, and says how long the sixth has to wait', () => {
  const { now, add } = clock();
  const failed = failedLogins(now);
  for (let at = 0; at < 5; at += 1) {
    expect(failed.waitMs(of('a'))).toBeNull();
    failed.add(of('a'));
    add(1000);
  }
  expect(failed.waitMs(of('a'))).toBe(55_000);
  expect(failed.waitMs(of('b'))).toBeNull();
  add(55_000);
  expect(failed.waitMs(of('a'))).toBeNull();
  failed.add(of('a'));
  expect(failed.waitMs(of('a'))).toBe(1000);
});

it('has room for so many clients, and forgets the one that has been quiet longest', () => {
  const failed = failedLogins(clock().now);
  for (let round = 0; round < 5; round += 1) failed.add(of('first'));
  for (let at = 0; at < 255; at += 1) failed.add(of(String(at)));
  expect([failed.size(), failed.waitMs(of('first')) !== null]).toEqual([512, true]);
  for (let at = 0; at < 5000; at += 1) failed.add(of(`more-${String(at)}`));
  expect([failed.size(), failed.waitMs(of('first'))]).toEqual([512, null]);
});

it('lets fifty go wrong through one proxy, whatever it calls those whom it speaks for', () => {
  const { now, add } = clock();
  const failed = failedLogins(now);
  for (let at = 0; at < 50; at += 1) {
    expect(failed.waitMs({ peer: 'proxy', client: String(at) })).toBeNull();
    failed.add({ peer: 'proxy', client: String(at) });
  }
  expect(failed.waitMs({ peer: 'proxy', client: 'made-up' })).toBe(60_000);
  expect(failed.waitMs(of('other'))).toBeNull();
  add(60_000);
  expect(failed.waitMs({ peer: 'proxy', client: 'made-up' })).toBeNull();
});
