import { describe, expect, it } from 'vitest';
import { devicePathOf, mapToDevice } from '../../../../lib/core/release/targets.ts';
import { containing } from '../../../helpers/matchers.ts';

const TARGETS = [
  { from: 'pikit-web/', to: '/var/www/pikit-web/' },
  { from: 'pikit-api.py', to: '/usr/local/bin/pikit-api.py' },
  { from: 'helpers/', to: '/usr/local/bin/' },
  { from: 'pikit-web/assets/fonts/', to: '/usr/share/fonts/pikit/' },
  { from: 'pikit-web/assets/fonts/LICENSE', to: '/usr/share/doc/pikit/fonts' },
];

describe('devicePathOf', () => {
  it.each([
    ['below-a-folder', 'pikit-web/a/b.css', '/var/www/pikit-web/a/b.css'],
    ['one-file', 'pikit-api.py', '/usr/local/bin/pikit-api.py'],
    ['folder-with-another-name', 'helpers/x', '/usr/local/bin/x'],
    ['longest-folder-wins', 'pikit-web/assets/fonts/a.woff', '/usr/share/fonts/pikit/a.woff'],
    ['file-wins-over-its-folder', 'pikit-web/assets/fonts/LICENSE', '/usr/share/doc/pikit/fonts'],
    ['folder-with-a-similar-name', 'pikit-web/assets/fonts2/a', '/var/www/pikit-web/assets/fonts2/a'],
  ])('%s', (_name, path, device) => {
    expect(devicePathOf(path, TARGETS)).toBe(device);
    expect(devicePathOf(path, TARGETS.toReversed())).toBe(device);
  });

  it.each([
    ['uncovered', 'nginx/site'],
    ['starts-like-a-folder', 'pikit-web-evil/x'],
    ['starts-like-a-file', 'pikit-api.py.bak'],
    ['below-a-file', 'pikit-api.py/x'],
    ['the-folder-itself', 'pikit-web'],
    ['other-case', 'Pikit-Web/x'],
  ])('refuses what is %s', (_name, path) => {
    expect(() => devicePathOf(path, TARGETS)).toThrow(
      expect.objectContaining({
        code: 'PATH_REFUSED',
        message: containing(`'${path}', which no [[target]]`),
        hint: containing('pikit-web/, pikit-api.py'),
      }),
    );
  });
});

describe('mapToDevice', () => {
  it('maps all of them', () => {
    expect([...mapToDevice(['helpers/b', 'pikit-api.py'], TARGETS)]).toEqual([
      ['helpers/b', '/usr/local/bin/b'],
      ['pikit-api.py', '/usr/local/bin/pikit-api.py'],
    ]);
  });

  it.each([
    [
      'two-on-one-path',
      ['pikit-api.py', 'helpers/pikit-api.py'],
      "'helpers/pikit-api.py' and 'pikit-api.py' would both be installed as '/usr/local/bin/pikit-api.py'",
    ],
    [
      'one-needs-a-folder-where-the-other-is',
      ['pikit-api.py', 'helpers/pikit-api.py/x'],
      "'/usr/local/bin/pikit-api.py' is a file, and '/usr/local/bin/pikit-api.py/x'",
    ],
    ['differ-in-case-only', ['pikit-api.py', 'helpers/Pikit-API.py'], 'would be the same file'],
  ])('refuses %s', (_name, paths, says) => {
    expect(() => mapToDevice(paths, TARGETS)).toThrow(expect.objectContaining({ code: 'PATH_REFUSED', message: containing(says) }));
  });
});
