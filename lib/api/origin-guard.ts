/**
 * Whether the page that a request comes from is ours. Browsers send Origin with every POST and with whatever crosses origins
 * in a way that can be read, and Sec-Fetch-Site with all requests to a trustworthy address; programs send neither. A header of
 * our own is not asked for: JSON as content type and Origin already make every foreign browser ask first, by a preflight that
 * is never granted, since no answer here has a CORS header.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { UpdateError } from '../core/errors.ts';

/** Throws ORIGIN_REFUSED. `host` is the Host as it was sent, which has been found to be ours. */
export function assertOwnOrigin(method: string, headers: IncomingHttpHeaders, host: string): void {
  const { origin } = headers;
  const own = host.toLowerCase();
  if (origin !== undefined && ![`http://${own}`, `https://${own}`].includes(origin.toLowerCase())) throw refused();
  const site = headers['sec-fetch-site'];
  // `none` is the owner's own hand: an address typed in, or a bookmark. Neither can post.
  if (site === undefined || site === 'same-origin' || (site === 'none' && method === 'GET')) return;
  throw refused();
}

/**
 * A stream holds a place for as long as it lasts, and a page of another origin needs no answer to hold one: `<img>`, `<script>`,
 * `<link>` and forms ask whom they like, without Origin, and over http without Sec-Fetch-*. None of them can say that it takes
 * events; who can, such as EventSource, sends Origin as well when it crosses origins. Throws REQUEST_INVALID, ORIGIN_REFUSED.
 */
export function assertAsksForEvents(headers: IncomingHttpHeaders): void {
  if (!takesEvents(headers)) {
    throw new UpdateError('REQUEST_INVALID', 'this address returns a stream of events', {
      hint: 'send `Accept: text/event-stream`, as an EventSource does automatically',
    });
  }
  const { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = headers;
  const isOwn = site === undefined || site === 'same-origin';
  if (!isOwn || !(mode === undefined || mode === 'cors' || mode === 'same-origin') || !(dest === undefined || dest === 'empty')) throw refused();
}

export function takesEvents(headers: IncomingHttpHeaders): boolean {
  return (headers.accept ?? '').split(',').some((type) => /^text\/event-stream(?:$|;(?!.*q=0(?:\.0*)?$))/i.test(type.trim()));
}

function refused(): UpdateError {
  return new UpdateError('ORIGIN_REFUSED', 'this request comes from a page of another origin', {
    hint: 'only pages from the same host and port may send requests',
  });
}
