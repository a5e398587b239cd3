import { describe, expect, it } from 'vitest';
import { failedLogins } from '../../../lib/api/failed-logins.ts';
import { assertToken, callerOf } from '../../../lib/api/token-guard.ts';
import { UpdateError } from '../../../lib/core/errors.ts';

function codeFor(authorization: string | undefined, expected: string | null, failed = failedLogins(() => new Date(0))): string {
  try {
    assertToken(authorization === undefined ? {} : { authorization }, { peer: 'peer', client: 'client' }, expected, failed);
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

  it('counts what was wrong, not what was missing, and then refuses the right one too', () => {
    const failed = failedLogins(() => new Date(0));
    for (let at = 0; at < 9; at += 1) expect(codeFor(undefined, 'right', failed)).toBe('UNAUTHORIZED');
    for (let at = 0; at < 5; at += 1) expect(codeFor('Bearer wrong', 'right', failed)).toBe('UNAUTHORIZED');
    expect(codeFor('Bearer right', 'right', failed)).toBe('RATE_LIMITED');
  });
});

describe('callerOf', () => {
  it('believes a proxy on this device only, and of what it says the end only', () => {
    expect(callerOf('192.0.2.1', '10.0.0.1').client).toBe('192.0.2.1');
    expect(callerOf('127.0.0.1', undefined).client).toBe('127.0.0.1');
    expect(callerOf('::ffff:127.0.0.1', 'made-up, 192.0.2.7').client).toBe('192.0.2.7');
    expect(callerOf('127.0.0.1', ['made-up', '192.0.2.8']).client).toBe('192.0.2.8');
    expect(callerOf('127.0.0.1', 'x'.repeat(5000)).client).toHaveLength(64);
    expect(callerOf(undefined, '10.0.0.1').client).toBe('');
  });
});
