import { expect, it } from 'vitest';
import { isSteppingStone } from '../../../../lib/release/site/kept-bundles.ts';

it.each([
  ['the-newest-is-for-all', {}, {}, false],
  ['the-newest-needs-another-first', {}, { min_version: '1.5.0' }, true],
  ['this-one-needs-less', { min_version: '1.0.0' }, { min_version: '1.5.0' }, true],
  ['this-one-needs-as-much', { min_version: '1.5.0' }, { min_version: '1.5.0' }, false],
  ['the-newest-is-for-some-architectures', {}, { arch: ['arm64'] }, true],
  ['this-one-is-for-others', { arch: ['armhf'] }, { arch: ['arm64'] }, true],
  ['this-one-is-for-the-same', { arch: ['arm64'] }, { arch: ['arm64', 'armhf'] }, false],
  ['the-newest-is-for-all-by-name', {}, { arch: ['all'] }, false],
  ['this-one-is-later', { version: '2.1.0' }, { min_version: '1.5.0' }, false],
])('may be what a device is sent to: %s', (_name, earlier, offered, expected) => {
  expect(isSteppingStone({ version: '1.6.0', ...earlier }, { version: '2.0.0', ...offered })).toBe(expected);
});
