import { expect, it } from 'vitest';
import { HEADERS, errorAnswer, jsonAnswer } from '../../../lib/api/answer.ts';
import { UpdateError } from '../../../lib/core/errors.ts';

it('answers data with every header that keeps it data', () => {
  const answer = jsonAnswer(200, { a: 1 });
  expect(answer).toEqual({ status: 200, headers: { ...HEADERS, 'Content-Type': 'application/json; charset=utf-8' }, body: '{"a":1}' });
  expect(answer.headers['Content-Security-Policy']).toBe("default-src 'none'; frame-ancestors 'none'");
});

it('answers an error with its code, its words and what belongs to it', () => {
  const limited = errorAnswer(new UpdateError('RATE_LIMITED', 'too many', { retryAfterMs: 1500 }));
  expect([limited.status, limited.headers['Retry-After'], limited.body]).toEqual([
    429,
    '2',
    '{"error":{"code":"RATE_LIMITED","message":"too many","hint":null}}',
  ]);
  expect(errorAnswer(new UpdateError('METHOD_REFUSED', 'no', { subject: 'GET, POST' })).headers['Allow']).toBe('GET, POST');
  expect(errorAnswer(new UpdateError('UNAUTHORIZED', 'no')).headers['WWW-Authenticate']).toBe('Bearer realm="pikit-update"');
  expect(errorAnswer(new UpdateError('BUSY', 'no'), { run: null }).body).toContain('"run":null');
});

it('does not tell a client what is wrong inside', () => {
  const answer = errorAnswer(new UpdateError('INTERNAL', 'cannot read /etc/shadow', { hint: 'secret' }));
  expect(answer.status).toBe(500);
  expect(answer.body).not.toMatch(/shadow|secret/);
});
