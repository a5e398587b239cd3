import { expect, it } from 'vitest';
import { wallClock } from '../../../lib/mock/clock.ts';

it('calls when it is time, unless it was taken back', async () => {
  const clock = wallClock();
  const before = clock.now();
  let isTakenBack = true;
  const takeBack = clock.after(5, () => {
    isTakenBack = false;
  });
  takeBack();
  await new Promise<void>((resolve) => {
    clock.after(20, resolve);
  });
  expect(clock.now().getTime() - before.getTime()).toBeGreaterThanOrEqual(19);
  expect(isTakenBack).toBe(true);
});
