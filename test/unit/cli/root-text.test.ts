import { expect, it } from 'vitest';
import { rootText, thresholdText } from '../../../lib/cli/root-text.ts';
import { readRootDocument } from '../../../lib/io/trust/root-document.ts';
import { testKey } from '../../helpers/tuf-keys.ts';
import { TUF_NOW, tufRepository } from '../../helpers/tuf-repository.ts';

it.each([
  [1, 1, '1 key'],
  [1, 2, '1 of 2 keys'],
  [2, 3, '2 of 3 keys'],
])('%d of %d is %s', (threshold, count, expected) => {
  expect(thresholdText(threshold, count)).toBe(expected);
});

it('marks a key that is named in a root, and has not signed it', () => {
  const repository = tufRepository({ keys: { root: [testKey('ada'), testKey('grace')] } });
  const root = readRootDocument(repository.sign(repository.root, [testKey('grace')]), 'root.json');
  const text = rootText(root, TUF_NOW);
  expect(text).toMatch(/^signed by +1 of 2 keys\n +SHA256:\S+ {2}ada {2}\(has not signed it\)\n +SHA256:\S+ {2}grace$/m);
  expect(text).toMatch(/^root +version 1, expires in 365 days \(/);
  expect(rootText(root, new Date('2029-01-01T00:00:00Z'))).toMatch(/^root +version 1, expired 4\d\d days ago/);
});
