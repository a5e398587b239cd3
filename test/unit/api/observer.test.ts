import { expect, it } from 'vitest';
import { observer } from '../../../lib/api/observer.ts';
import type { Seen } from '../../../lib/api/observer.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import { gate } from '../../helpers/release-server.ts';
import { status } from './a-run.ts';

function bed() {
  const at = { latest: '1.0.0', fails: false, looks: 0, watching: 0, until: Promise.resolve() };
  let tell = (): void => undefined;
  const watched = observer(
    {
      status: async () => {
        at.looks += 1;
        const { latest, fails, until } = at;
        await until;
        if (fails) throw new Error('no');
        return status({ latest });
      },
      watch: (onChange) => {
        at.watching += 1;
        tell = onChange;
        return Promise.resolve(() => {
          at.watching -= 1;
        });
      },
    },
    () => undefined,
  );
  return {
    at,
    watched,
    tell: () => {
      tell();
    },
  };
}

/** What is seen, and a promise for the next of it. */
function listener() {
  const seen: Seen[] = [];
  let wake = (): void => undefined;
  return {
    seen,
    hear: (one: Seen): void => {
      seen.push(one);
      wake();
    },
    next: () => new Promise<void>((resolve) => (wake = resolve)),
  };
}

it('looks once for all, tells of changes only, and no more than four times a second', async () => {
  const { at, watched, tell } = bed();
  const [one, two] = [listener(), listener()];
  const first = one.next();
  const ends = [watched.subscribe(one.hear), watched.subscribe(two.hear)];
  await first;
  expect([one.seen.length, two.seen.length, at.looks, at.watching]).toEqual([1, 1, 1, 1]);
  const begun = performance.now();
  for (const latest of ['1.1.0', '1.2.0', '1.3.0']) {
    at.latest = latest;
    for (let burst = 0; burst < 50; burst += 1) tell();
    await one.next();
  }
  expect(performance.now() - begun).toBeGreaterThan(700);
  expect(at.looks).toBeLessThanOrEqual(8);
  expect(one.seen.at(-1)).toMatchObject({ is: 'status', status: { latest: '1.3.0' } });
  expect(one.seen.length).toBe(two.seen.length);
  expect(new Set(one.seen.map(({ data }) => data)).size).toBe(one.seen.length);
  for (const end of ends) end();
  await Promise.resolve();
  expect(at.watching).toBe(0);
});

it('tells of a failure, and of the state again when it is over', async () => {
  const { at, watched, tell } = bed();
  const one = listener();
  at.fails = true;
  const failed = one.next();
  const end = watched.subscribe(one.hear);
  await failed;
  expect(one.seen).toEqual([{ is: 'failure', data: containing('"code":"INTERNAL"') }]);
  at.fails = false;
  const again = one.next();
  tell();
  await again;
  expect(one.seen.at(-1)).toMatchObject({ is: 'status', id: matching(/^[0-9a-f]{16}$/) });
  end();
});

it('tells one who comes later what the others were told between its first look and now', async () => {
  const { at, watched, tell } = bed();
  const [one, two] = [listener(), listener()];
  const begun = one.next();
  const ends = [watched.subscribe(one.hear)];
  await begun;
  const overtaken = await watched.look();
  const told = one.next();
  at.latest = '1.1.0';
  tell();
  await told;
  const late = two.next();
  ends.push(watched.subscribe(two.hear));
  await late;
  expect([overtaken.status.latest, two.seen.map((seen) => seen.is === 'status' && seen.status.latest)]).toEqual(['1.0.0', ['1.1.0']]);
  expect(one.seen).toHaveLength(2);
  for (const end of ends) end();
});

it('does not tell one who comes while it looks of what may be older than its own first look', async () => {
  const { at, watched, tell } = bed();
  const [one, two] = [listener(), listener()];
  const begun = one.next();
  const ends = [watched.subscribe(one.hear)];
  await begun;
  at.latest = '1.1.0';
  const opened = gate();
  at.until = opened.opened;
  const asked = at.looks;
  tell();
  await expect.poll(() => at.looks).toBe(asked + 1);
  // The look that is on its way is of 1.1.0; now it is 1.2.0, and the newcomer knows.
  at.latest = '1.2.0';
  ends.push(watched.subscribe(two.hear));
  const late = two.next();
  opened.open();
  await late;
  expect(two.seen.map((seen) => seen.is === 'status' && seen.status.latest)).toEqual(['1.2.0']);
  for (const end of ends) end();
});
