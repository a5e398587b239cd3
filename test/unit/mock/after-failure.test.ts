import { expect, it } from 'vitest';
import { afterFailure } from '../../../lib/mock/after-failure.ts';
import { readMockStates } from '../../helpers/played.ts';

const STATES = readMockStates();

it.each(STATES.failures.map((failure) => [failure.code, failure] as const))('a device after %s is where it was', (code, failure) => {
  const base = STATES.state('up-to-date');
  const status = afterFailure(base, failure, STATES.defaults);
  expect(status).toMatchObject({ current: base.current, settings: base.settings, run: { state: 'ended', code }, progress: null });
  expect(status.run?.percent).toBeLessThan(100);
});
