import { describe, expect, it } from 'vitest';
import { compareVersions, isVersion, parseVersion } from '../../../../lib/core/release/version.ts';
import { matching } from '../../../helpers/matchers.ts';

describe('isVersion', () => {
  it.each([
    '0.0.0',
    '1.2.3',
    '10.20.30',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-0.3.7',
    '1.0.0-x.7.z.92',
    '1.0.0-x-y-z.--',
    '1.0.0+001',
    '1.0.0-beta+exp.sha.5114f85',
    '1.0.0+21AF26D3----117B344092BD',
    '1.0.0-0A.is.legal',
    '9007199254740991.0.0',
    `1.0.0-${'a'.repeat(58)}`,
  ])('%s is one', (text) => {
    expect(isVersion(text)).toBe(true);
    expect(parseVersion(text)).toBe(text);
  });

  it.each([
    ['empty', ''],
    ['one-number', '1'],
    ['two-numbers', '1.2'],
    ['four-numbers', '1.2.3.4'],
    ['leading-v', 'v1.2.3'],
    ['leading-equals', '=1.2.3'],
    ['leading-blank', ' 1.2.3'],
    ['trailing-newline', '1.2.3\n'],
    ['leading-zero-major', '01.2.3'],
    ['leading-zero-minor', '1.02.3'],
    ['leading-zero-patch', '1.2.03'],
    ['leading-zero-pre-release', '1.2.3-01'],
    ['negative', '-1.2.3'],
    ['empty-pre-release', '1.2.3-'],
    ['empty-pre-release-part', '1.2.3-a..b'],
    ['empty-build', '1.2.3+'],
    ['two-builds', '1.2.3+a+b'],
    ['underscore', '1.2.3-a_b'],
    ['unicode-digit', '1.2.٣'],
    ['path', '1.2.3-../x'],
    ['range', '^1.2.3'],
    ['wildcard', '1.2.x'],
    ['beyond-2-53', '9007199254740992.0.0'],
    ['too-long', `1.0.0-${'a'.repeat(59)}`],
  ])('refuses %s', (_name, text) => {
    expect(isVersion(text)).toBe(false);
    expect(() => parseVersion(text)).toThrow(expect.objectContaining({ code: 'VERSION_INVALID', hint: matching('MAJOR.MINOR.PATCH') }));
  });

  it('does not repeat an endless text', () => {
    expect(() => parseVersion('9'.repeat(10_000))).toThrow(`'${'9'.repeat(64)}' is not a semantic version`);
  });
});

describe('compareVersions', () => {
  it('puts versions in the order of semver 2.0', () => {
    const ordered = [
      '0.9.9',
      '1.0.0-1',
      '1.0.0-2',
      '1.0.0-10',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1-0',
      '1.0.1',
      '1.9.0',
      '1.10.0',
      '2.0.0',
      '10.0.0',
    ];
    for (const [index, older] of ordered.entries()) {
      for (const newer of ordered.slice(index + 1)) {
        expect([older, newer, compareVersions(older, newer)]).toEqual([older, newer, -1]);
        expect([newer, older, compareVersions(newer, older)]).toEqual([newer, older, 1]);
      }
    }
  });

  it.each([
    ['same', '1.2.3', '1.2.3'],
    ['other-build', '1.2.3+a', '1.2.3+b'],
    ['with-and-without-build', '1.2.3-rc.1', '1.2.3-rc.1+5'],
  ])('takes for equal: %s', (_name, a, b) => {
    expect(compareVersions(a, b)).toBe(0);
  });
});
