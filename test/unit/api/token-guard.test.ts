import { describe, expect, it } from 'vitest';
import { failedLogins } from '../../../lib/api/failed-logins.ts';
import { assertToken } from '../../../lib/api/token-guard.ts';
import { UpdateError } from '../../../lib/core/errors.ts';

function codeFor(authorization: string | undefined, expected: string | null, failed = failedLogins(() => new Date(0))): string {
  try {
    assertToken(authorization === undefined ? {} : { authorization }, 'peer', expected, failed);
    return 'ok';
  } catch (error) {
    return error instanceof UpdateError ? error.code : String(error);
  }
}

describe('assertToken', () => {
  it('takes the token and nothing else', () => {
    expect(codeFor('Bearer right', 'right')).toBe('ok');
    for (const wrong of ['Bearer righ', 'Bearer rightt', 'bearer right', 'Bearer  right', 'right', ''])
      expect(codeFor(wrong, 'right')).toBe('UNAUTHORIZED');
    expect(codeFor('Bearer right', null)).toBe('TOKEN_MISSING');
  });

  it('counts what was wrong, not what was missing, and then refuses all but the right one', () => {
    const failed = failedLogins(() => new Date(0));
    for (let at = 0; at < 9; at += 1) expect(codeFor(undefined, 'right', failed)).toBe('UNAUTHORIZED');
    for (let at = 0; at < 5; at += 1) expect(codeFor('Bearer wrong', 'right', failed)).toBe('UNAUTHORIZED');
    expect(codeFor('Bearer wrong', 'right', failed)).toBe('RATE_LIMITED');
    expect(codeFor(undefined, 'right', failed)).toBe('RATE_LIMITED');
    expect(codeFor('Bearer right', 'right', failed)).toBe('ok');
  });
});
