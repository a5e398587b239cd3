import { describe, expect, it } from 'vitest';
import { checkHost } from '../../../lib/api/host-guard.ts';
import { UpdateError } from '../../../lib/core/errors.ts';

const ALLOWED = ['localhost', '[::1]', 'pikit.example', 'other.example:8443'];

function verdict(rawHeaders: readonly string[], port: number | null = null, target = '/x'): string {
  try {
    return JSON.stringify(checkHost({ rawHeaders, target, allowed: ALLOWED, port }));
  } catch (error) {
    return error instanceof UpdateError ? error.code : String(error);
  }
}

describe('checkHost', () => {
  it.each([
    ['localhost', null, true],
    ['LOCALHOST:81', null, true],
    ['[::1]:8737', 8737, true],
    ['localhost:8737', 8737, true],
    ['localhost', 8737, false],
    ['localhost:8738', 8737, false],
    ['other.example:8443', 8737, true],
    ['other.example', null, false],
    ['localhost.', null, false],
    ['localhost:65536', null, false],
    ['localhost:08', null, false],
    ['user@localhost', null, false],
    ['', null, false],
  ])('says of %j on port %s: %s', (host, port, allowed) => {
    expect(verdict(['Host', host], port)).toBe(allowed ? JSON.stringify({ host, target: '/x' }) : 'HOST_REFUSED');
  });

  it('wants exactly one, in whatever letters it is written', () => {
    expect(verdict([])).toBe('REQUEST_INVALID');
    expect(verdict(['host', 'localhost', 'HOST', 'localhost'])).toBe('REQUEST_INVALID');
    expect(verdict(['X', 'host', 'Host', 'localhost'])).toContain('localhost');
  });

  it('takes the authority of a whole address away when that is ours too', () => {
    expect(verdict(['Host', 'localhost'], null, 'http://pikit.example/a?b')).toBe(JSON.stringify({ host: 'localhost', target: '/a?b' }));
    expect(verdict(['Host', 'localhost'], null, 'http://localhost?b')).toBe(JSON.stringify({ host: 'localhost', target: '/?b' }));
    expect(verdict(['Host', 'localhost'], null, 'HTTP://evil.example/a')).toBe('HOST_REFUSED');
  });
});
