import { describe, expect, it } from 'vitest';
import { rangeHeaders, rangeValidator, resumeAt } from '../../../../lib/core/network/resume.ts';

const MODIFIED = 'Fri, 20 Nov 2026 10:00:00 GMT';

describe('rangeValidator', () => {
  it.each([
    ['strong-etag', '"a"', MODIFIED, '"a"'],
    ['weak-etag', 'W/"a"', MODIFIED, MODIFIED],
    ['weak-etag-only', 'W/"a"', null, null],
    ['date-only', null, MODIFIED, MODIFIED],
    ['neither', null, null, null],
  ])('%s', (_name, etag, modified, validator) => {
    expect(rangeValidator(etag, modified)).toBe(validator);
  });
});

describe('rangeHeaders', () => {
  const url = 'http://x/';

  it.each([
    ['nothing-at-hand', 0, { url, validator: '"a"', sha256: 'a' }, {}],
    ['not-known-what-it-is', 5, null, {}],
    ['nothing-to-tell-it-by', 5, { url, validator: null, sha256: null }, {}],
    ['validator', 5, { url, validator: '"a"', sha256: null }, { range: 'bytes=5-', 'if-range': '"a"' }],
    ['digest-only', 5, { url, validator: null, sha256: 'a' }, { range: 'bytes=5-' }],
  ])('%s', (_name, have, partial, headers) => {
    expect(rangeHeaders(have, partial)).toEqual(headers);
  });
});

describe('resumeAt', () => {
  const partial = { url: 'http://x/', validator: '"a"', sha256: null };

  it.each([
    ['rest', 206, 'bytes 5-9/10', '"a"', 5],
    ['rest-of-unknown-length', 206, 'bytes 5-9/*', '"a"', 5],
    ['rest-without-validator', 206, 'bytes 5-9/10', null, 5],
    ['rest-of-another-file', 206, 'bytes 5-9/10', '"b"', 'restart'],
    ['whole', 200, null, '"b"', 0],
    ['not-satisfiable', 416, 'bytes */4', null, 'restart'],
    ['from-the-start', 206, 'bytes 0-9/10', '"a"', 'restart'],
    ['from-later', 206, 'bytes 6-9/10', '"a"', 'restart'],
    ['several-ranges', 206, null, '"a"', 'restart'],
    ['other-unit', 206, 'items 5-9/10', '"a"', 'restart'],
    ['garbage', 206, 'bytes 5', '"a"', 'restart'],
    ['hexadecimal', 206, 'bytes 0x5-9/10', '"a"', 'restart'],
    ['with-newline', 206, 'bytes 5-9/10\n', '"a"', 'restart'],
  ])('%s', (_name, status, contentRange, validator, at) => {
    expect(resumeAt({ status, contentRange, validator }, 5, partial)).toBe(at);
  });

  it('takes an unasked range that begins at the beginning', () => {
    expect(resumeAt({ status: 206, contentRange: 'bytes 0-9/10', validator: '"a"' }, 0, null)).toBe(0);
  });
});
