import { describe, expect, it } from 'vitest';
import { standingOf } from '../../../../lib/core/offer/standing.ts';

describe('standingOf', () => {
  it.each([
    // what the branch has, what is installed, from where, the branch that is used
    ['newer-on-stable', '1.5.0', '1.4.0', 'stable', 'stable', 'newer'],
    ['the-same-on-stable', '1.4.0', '1.4.0', 'stable', 'stable', 'installed'],
    ['older-on-stable', '1.3.0', '1.4.0', 'stable', 'stable', 'older'],
    ['older-on-stable-from-who-knows-where', '1.3.0', '1.4.0', null, 'stable', 'older'],
    ['to-a-newer-beta', '1.5.0-beta.1', '1.4.0', 'stable', 'beta', 'newer'],
    ['to-a-beta-that-is-behind', '1.4.0-beta.7', '1.4.0', 'stable', 'beta', 'downgrade'],
    ['a-beta-that-was-taken-back', '1.5.0-beta.1', '1.5.0-beta.2', 'beta', 'beta', 'downgrade'],
    ['promoted-under-another-version', '1.5.0', '1.5.0-beta.1', 'beta', 'stable', 'newer'],
    ['promoted-as-it-is', '1.5.0', '1.5.0', 'beta', 'stable', 'installed'],
    ['back-to-stable', '1.4.0', '1.5.0-beta.1', 'beta', 'stable', 'downgrade'],
    ['back-on-stable', '1.4.0', '1.4.0', 'stable', 'stable', 'installed'],
    ['older-stable-after-that', '1.3.0', '1.4.0', 'stable', 'stable', 'older'],
    ['from-one-branch-to-another', '1.5.0-beta.1', '1.6.0-nightly.3', 'nightly', 'beta', 'downgrade'],
    ['nothing-installed', '1.0.0', null, null, 'stable', 'newer'],
    ['another-build-on-a-test-branch', '1.4.0+b', '1.4.0+a', 'beta', 'beta', 'other'],
    ['to-a-build-of-a-test-branch', '1.5.0+issue.1234', '1.5.0', 'stable', 'issue', 'other'],
    ['the-same-build-on-a-test-branch', '1.5.0+issue.1234', '1.5.0+issue.1234', 'issue', 'issue', 'installed'],
    ['back-to-stable-from-a-build', '1.5.0', '1.5.0+issue.1234', 'issue', 'stable', 'other'],
    ['another-build-on-stable', '1.4.0+b', '1.4.0+a', 'stable', 'stable', 'installed'],
  ] as const)('%s', (_name, version, current, installedBranch, branch, standing) => {
    expect(standingOf(version, { current, installedBranch, branch })).toBe(standing);
  });
});
