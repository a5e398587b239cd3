import { expect, it } from 'vitest';
import { assertAsksForEvents, assertOwnOrigin, takesEvents } from '../../../lib/api/origin-guard.ts';
import { UpdateError } from '../../../lib/core/errors.ts';

it.each([
  ['a program, which sends neither', 'POST', {}, true],
  ['our page', 'POST', { origin: 'http://pikit:8080', 'sec-fetch-site': 'same-origin' }, true],
  ['our page behind TLS', 'POST', { origin: 'https://pikit:8080' }, true],
  ['an address typed in', 'GET', { 'sec-fetch-site': 'none' }, true],
  ['a post that was not typed in', 'POST', { 'sec-fetch-site': 'none' }, false],
  ['another port', 'POST', { origin: 'http://pikit' }, false],
  ['a sandboxed frame', 'GET', { origin: 'null' }, false],
  ['a neighbour', 'GET', { 'sec-fetch-site': 'same-site' }, false],
  ['a stranger', 'GET', { 'sec-fetch-site': 'cross-site' }, false],
  ['our origin, in a request that the browser calls foreign', 'POST', { origin: 'http://pikit:8080', 'sec-fetch-site': 'cross-site' }, false],
])('%s', (_who, method, headers, allowed) => {
  const ask = (): void => {
    assertOwnOrigin(method, headers, 'Pikit:8080');
  };
  if (allowed) ask();
  else expect(ask).toThrow(UpdateError);
});

const EVENTS = 'text/event-stream';
const FETCHED = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };

it.each([
  ['an EventSource over http', { accept: EVENTS, 'cache-control': 'no-cache' }, null],
  ['an EventSource over https', { accept: EVENTS, ...FETCHED }, null],
  ['a program', { accept: 'application/json, text/event-stream;q=0.9' }, null],
  ['<img> over http', { accept: 'image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5' }, 'REQUEST_INVALID'],
  ['<script>, <audio> over http', { accept: '*/*' }, 'REQUEST_INVALID'],
  ['<link>', { accept: 'text/css,*/*;q=0.1' }, 'REQUEST_INVALID'],
  ['a frame, a form', { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8' }, 'REQUEST_INVALID'],
  ['who says nothing', {}, 'REQUEST_INVALID'],
  ['who refuses it', { accept: 'text/event-stream;q=0' }, 'REQUEST_INVALID'],
  ['fetch without CORS, over https', { accept: EVENTS, ...FETCHED, 'sec-fetch-mode': 'no-cors' }, 'ORIGIN_REFUSED'],
  ['an image over https that could say so', { accept: EVENTS, ...FETCHED, 'sec-fetch-dest': 'image' }, 'ORIGIN_REFUSED'],
  ['an address typed in that could say so', { accept: EVENTS, 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, 'ORIGIN_REFUSED'],
])('a stream for %s: %s', (_who, headers, code) => {
  const ask = (): void => {
    assertAsksForEvents(headers);
  };
  if (code === null) ask();
  else expect(ask).toThrow(expect.objectContaining({ code }));
  expect(takesEvents(headers)).toBe(code !== 'REQUEST_INVALID');
});
