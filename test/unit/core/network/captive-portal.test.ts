import { expect, it } from 'vitest';
import { captivePortal, isPageNotGzip, isPageNotJson } from '../../../../lib/core/network/captive-portal.ts';

const HTML = 'text/html; charset=utf-8';

it.each<[string, string | null, string, boolean]>([
  ['page', HTML, '<!DOCTYPE html>', true],
  ['page-without-a-label', null, '\r\n <html>', true],
  ['page-labelled-as-json', 'application/json', '\u{feff}<html>', true],
  ['words-labelled-as-a-page', HTML, 'please log in', true],
  ['xhtml', 'application/xhtml+xml', '', true],
  ['json', 'application/json', '{}', false],
  ['json-labelled-as-a-page', 'text/html', ' [1]', false],
  ['json-with-a-byte-order-mark', 'text/html', '\u{feff}{}', false],
  ['words', 'text/plain', 'hello', false],
  ['nothing', null, '', false],
])('%s in the place of JSON', (_name, contentType, text, isPage) => {
  expect(isPageNotJson({ contentType, bytes: Buffer.from(text) })).toBe(isPage);
});

it.each<[string, string | null, Buffer, boolean]>([
  ['archive', 'application/gzip', Buffer.from([0x1f, 0x8b, 8]), false],
  ['archive-labelled-as-a-page', HTML, Buffer.from([0x1f, 0x8b]), false],
  ['page', HTML, Buffer.from('<html>'), true],
  ['page-labelled-as-an-archive', 'application/gzip', Buffer.from('<html>'), true],
  ['words-labelled-as-a-page', HTML, Buffer.from('log in'), true],
  ['other-bytes', 'application/octet-stream', Buffer.from('log in'), false],
])('%s in the place of an archive', (_name, contentType, bytes, isPage) => {
  expect(isPageNotGzip({ contentType, bytes })).toBe(isPage);
});

it('says what came, and what to do', () => {
  const error = captivePortal(new URL('https://x.org/a?token=1'), 'the manifest', 'a web page');
  expect(error).toMatchObject({
    code: 'CAPTIVE_PORTAL',
    message: "something between this device and the server answered: 'x.org' sent a web page instead of the manifest",
  });
  expect(error.hint).toMatch(/^if this network requires a login, log in with a browser/);
});
