import { expect, it } from 'vitest';
import { table } from '../../../lib/cli/table.ts';

it('puts labels in one column, and leaves out rows without a value', () => {
  expect(table([['installed', '1.0.0'], ['held', 'one', 'two'], ['edited'], ['x', 'a\u001b[2Jb']])).toBe(
    'installed  1.0.0\nheld       one\n           two\nx          a [2Jb\n',
  );
});
