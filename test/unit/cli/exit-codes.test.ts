import { expect, it } from 'vitest';
import { exitCodeOf } from '../../../lib/cli/exit-codes.ts';

it.each([
  ['USAGE', 2],
  ['BUSY', 75],
  ['PERMISSION', 1],
  ['INTERNAL', 1],
] as const)('%s is %i', (code, exit) => {
  expect(exitCodeOf(code)).toBe(exit);
});
