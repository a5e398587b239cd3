import { describe, expect, it } from 'vitest';
import { between, describeFollowers, followers, followsOn, routeFrom } from '../../../../lib/core/release/stepping-stones.ts';

const stone = (version: string, minVersion: string | null = null) => ({ version, minVersion });

describe('the way to the newest release', () => {
  it.each([
    ['direct', '1.5.0', [], stone('2.0.0', '1.5.0'), ['1.5.0', '2.0.0']],
    [
      'far',
      '1.5.0',
      [stone('1.6.0'), stone('1.8.0', '1.7.0'), stone('1.7.0', '1.6.0')],
      stone('2.0.0', '1.8.0'),
      ['1.5.0', '1.6.0', '1.7.0', '1.8.0', '2.0.0'],
    ],
    ['the-highest-first', '1.5.0', [stone('1.6.0'), stone('1.9.0')], stone('2.0.0', '1.6.0'), ['1.5.0', '1.9.0', '2.0.0']],
    ['nowhere', '1.5.0', [stone('1.9.0', '1.8.0')], stone('2.0.0', '1.9.0'), ['1.5.0']],
    ['at-its-end', '2.0.0', [], stone('2.0.0', '1.9.0'), ['2.0.0']],
  ])('%s', (_name, first, stones, newest, expected) => {
    expect(routeFrom(first, stones, newest)).toEqual(expected);
  });

  it('is made of what lies between, the highest first', () => {
    const stones = ['1.0.0', '1.2.0', '1.10.0', '2.0.0', '2.0.0-rc.1', '3.0.0'].map((version) => stone(version));
    expect(between(stones, '1.0.0', '2.0.0').map(({ version }) => version)).toEqual(['2.0.0-rc.1', '1.10.0', '1.2.0']);
  });

  it('takes a release that needs what is installed', () => {
    expect([stone('2.0.0'), stone('2.0.0', '1.0.0'), stone('2.0.0', '1.0.1')].map((one) => followsOn(one, '1.0.0'))).toEqual([true, true, false]);
  });

  it('is told from any point on it', () => {
    const route = ['1.5.0', '1.8.0', '2.0.0'];
    expect(followers(route, '1.5.0')).toEqual(['1.8.0', '2.0.0']);
    expect(followers(route, '9.9.9')).toEqual([]);
    expect([[], ['2.0.0'], ['1.8.0', '2.0.0']].map(describeFollowers)).toEqual(['', '2.0.0 follows', '1.8.0, then 2.0.0 follow']);
  });
});
