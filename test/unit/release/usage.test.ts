import { expect, it } from 'vitest';
import { USAGE } from '../../../lib/release/usage.ts';

it('fits a terminal of 100 columns', () => {
  expect(USAGE.split('\n').filter((line) => line.length > 100)).toEqual([]);
});
