import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../../../lib/core/release/version.ts';
import { notNewer, whyNotNewer } from '../../../../lib/core/release/version-order.ts';
import { containing, matching } from '../../../helpers/matchers.ts';

describe('whyNotNewer', () => {
  it.each<[string, string, RegExp]>([
    ['1.0.0', '1.0.0', /^it is the same version$/],
    ['1.4.1', '1.5.0', /^its minor number 4 is lower than 5$/],
    ['1.9.9', '2.0.0', /^its major number 1 is lower than 2$/],
    ['1.5.0-rc.1', '1.5.0', /pre-release of 1\.5\.0, and comes before it/],
    ['1.5.0-rc10', '1.5.0-rc9', /^'rc10' sorts before 'rc9': parts with letters are compared as text/],
    ['1.5.0-rc.10', '1.5.0-rc9', /^'rc' sorts before 'rc9'/],
    ['1.5.0-beta10', '1.5.0-beta9', /'beta10' sorts before 'beta9'/],
    ['1.5.0-rc.2', '1.5.0-rc.10', /^'2' is lower than '10'$/],
    ['1.5.0-2', '1.5.0-rc', /a number comes before a word/],
    ['1.5.0-rc', '1.5.0-rc.1', /fewer parts/],
    ['1.5.0+b', '1.5.0+a', /build metadata/],
    ['1.5.0', '1.5.0+a', /build metadata/],
  ])('%s after %s', (version, current, why) => {
    expect(compareVersions(version, current)).toBeLessThanOrEqual(0);
    expect(whyNotNewer(version, current).why).toMatch(why);
  });

  it.each([
    ['1.5.0-rc10', '1.5.0-rc9'],
    ['1.5.0-rc.10', '1.5.0-rc9'],
    ['1.5.0-alpha.rc100', '1.5.0-alpha.rc99'],
    ['1.5.0-rc.1', '1.5.0'],
    ['1.5.0+b', '1.5.0+a'],
  ])('advises what would be taken: %s after %s', (version, current) => {
    const { advice } = whyNotNewer(version, current);
    const advised = advice?.match(/\d+\.\d+\.\d+[0-9A-Za-z.-]*/g)?.[0] ?? '';
    expect(compareVersions(advised, current), advised).toBeGreaterThan(0);
  });
});

it('says how numbers are written', () => {
  expect(notNewer('1.0.0-rc10', '1.0.0-rc9', 'beta')).toMatchObject({
    code: 'VERSION_NOT_NEWER',
    message: matching("^1\\.0\\.0-rc10 is not newer than 1\\.0\\.0-rc9, which the branch 'beta' has now: 'rc10' sorts before 'rc9'"),
    hint: containing('rc.10'),
  });
  expect(notNewer('1.4.1', '1.5.0', 'stable').hint).toMatch(/^devices never downgrade automatically/);
});
