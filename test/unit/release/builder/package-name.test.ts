import { expect, it } from 'vitest';
import { isUsualPlace, packageOf } from '../../../../lib/release/builder/package-name.ts';

it.each([
  ['pikit-web/index.html', 'web', true],
  ['pikit-web-evil/index.html', 'pikit-web-evil', false],
  ['helpers/a/b', 'helpers', true],
  ['pikit-api.py', 'api', true],
  ['pikit-api.py/x', 'pikit-api-py', false],
  ['README.md', 'other', false],
  ['My.Plugins/x', 'my-plugins', false],
  ['...@/x', 'other', false],
  [`${'a'.repeat(50)}/x`, 'a'.repeat(32), false],
])('%s belongs to the package %s', (path, name, usual) => {
  expect([packageOf(path), isUsualPlace(path)]).toEqual([name, usual]);
});
