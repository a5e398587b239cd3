/** From the codes of sockets, DNS and TLS to the failures people meet. Pure: the edges hand the error in. */
import type { ErrorCode } from './errors.ts';
import { UpdateError } from './errors.ts';
import { nearness } from './local-address.ts';
import { waitText } from './retry-after.ts';

const OFFLINE = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'ENETUNREACH', 'ENETDOWN', 'EHOSTUNREACH', 'EADDRNOTAVAIL']);
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNABORTED',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  // The connection ended before the body did.
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'HPE_INVALID_EOF_STATE',
]);
const PROTOCOL = new Set(['UND_ERR_HEADERS_OVERFLOW', 'HPE_HEADER_OVERFLOW', 'ERR_HTTP_REQUEST_TIMEOUT']);
/** OpenSSL has some forty verification codes besides the families; these are the ones without a common prefix. */
const NOT_TRUSTED =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$|EPROTO$)/;

/** All codes along a chain of causes; `fetch` and friends hide the socket's code two levels down. */
function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  const visit = (value: unknown, depth: number): void => {
    if (depth > 5 || typeof value !== 'object' || value === null) return;
    // undici has the code of a broken line for an answer that leaves HTTP (101), and a text of its own.
    if (value instanceof Error && value.message === 'bad upgrade') codes.push('HPE_UPGRADE');
    else if ('code' in value && typeof value.code === 'string') codes.push(value.code);
    // undici's parser has a reason, but no code (7.30).
    else if (value instanceof Error && value.name === 'HTTPParserError')
      codes.push(value.message.includes('EOF') ? 'HPE_INVALID_EOF_STATE' : 'HPE_INVALID');
    if ('errors' in value && Array.isArray(value.errors)) for (const inner of value.errors) visit(inner, depth + 1);
    if ('cause' in value) visit(value.cause, depth + 1);
  };
  visit(error, 0);
  return codes;
}

/** Maps a failed exchange with `url` to OFFLINE, SERVER_UNREACHABLE, CLOCK_WRONG, TLS_FAILED or HTTP_PROTOCOL. */
export function networkError(error: unknown, url: URL): UpdateError {
  if (error instanceof UpdateError) return error;
  const codes = codesOf(error);
  const found = (set: ReadonlySet<string>): string | undefined => codes.find((code) => set.has(code));
  const make = (code: ErrorCode, message: string, hint: string): UpdateError =>
    new UpdateError(code, message, { hint, cause: error, subject: url.origin });

  if (codes.includes('CERT_NOT_YET_VALID')) {
    return make(
      'CLOCK_WRONG',
      `the certificate of '${url.hostname}' is not valid yet: the clock of this device is probably behind`,
      'set the clock (timedatectl), or wait until it has synchronised, then try again',
    );
  }
  const tls = codes.find((code) => NOT_TRUSTED.test(code));
  if (tls !== undefined) {
    return make(
      'TLS_FAILED',
      `no trusted connection to '${url.hostname}' (${tls})`,
      'check the address in source.url, the certificate of the server, and the clock of this device',
    );
  }
  const unreachable = found(UNREACHABLE);
  if (unreachable !== undefined) {
    return make(
      'SERVER_UNREACHABLE',
      `'${url.host}' does not answer (${unreachable})`,
      'the server may be down: try again later; nothing was changed',
    );
  }
  const protocol = found(PROTOCOL) ?? codes.find((code) => code.startsWith('HPE_'));
  if (protocol !== undefined) {
    return make('HTTP_PROTOCOL', `'${url.host}' does not speak HTTP as it should (${protocol})`, 'check the address in source.url');
  }
  // Last: a host with two addresses of which one refused is there, even if this device has no route to the other (IPv6).
  const offline = found(OFFLINE);
  if (offline !== undefined) {
    return make(
      'OFFLINE',
      `'${url.hostname}' cannot be reached from here (${offline}): the device seems to be offline`,
      'check the cable or Wi-Fi and the name server, then try again; nothing was changed',
    );
  }
  const text = error instanceof Error ? error.message : String(error);
  return make('SERVER_UNREACHABLE', `the exchange with '${url.host}' failed: ${text}`, 'try again later; nothing was changed');
}

/** The failure for an HTTP status that is not the one hoped for; `waitMs` is what Retry-After asked for. */
export function statusError(status: number, url: URL, what: string, waitMs: number | null = null): UpdateError {
  const where = `${url.origin}${url.pathname}`;
  if (status === 404 || status === 410) {
    return new UpdateError('NOT_FOUND', `${what} is not at '${where}' (HTTP ${String(status)})`, {
      hint: 'check source.url in /etc/pikit/update.toml; if it is right, the release is not published (yet)',
      subject: url.origin,
    });
  }
  const message = `'${where}' answered HTTP ${String(status)} for ${what}`;
  if (status !== 408 && status !== 429 && status < 500) {
    return new UpdateError('HTTP_STATUS', message, { hint: 'check source.url and whether the server wants a login', subject: url.origin });
  }
  const when =
    waitMs === null || waitMs === 0
      ? 'the server has a problem: try again later'
      : `the server asks to be left alone: try again in ${waitText(waitMs)}`;
  return new UpdateError('SERVER_ERROR', message, { hint: `${when}; nothing was changed`, subject: url.origin, retryAfterMs: waitMs });
}

/** Whether trying again can help. A refused signature, digest or certificate never is (style rule 23). */
export function isTransient(error: unknown): boolean {
  return error instanceof UpdateError && ['OFFLINE', 'SERVER_UNREACHABLE', 'SERVER_ERROR', 'TOO_SLOW'].includes(error.code);
}

/**
 * Where a redirect may lead: from http to anything http, from https to https only, and never nearer to this device than the
 * source itself is: not from the Internet into the private network, not from there to this device or its link (CVE-2019-3462:
 * a redirect is input). Throws REDIRECT_REFUSED.
 */
export function redirectTarget(from: URL, location: string | undefined, hops: number): URL {
  const refuse = (why: string): UpdateError =>
    new UpdateError('REDIRECT_REFUSED', `'${from.host}' redirects, and ${why}`, {
      hint: 'check source.url: set it to the final address',
      subject: from.origin,
    });
  if (hops >= 3) throw refuse('that is the fourth redirect in a row');
  if (location === undefined || !URL.canParse(location, from.href)) throw refuse('does not say where to');
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && !(to.protocol === 'http:' && from.protocol === 'http:')) throw refuse(`'${to.protocol}' is not allowed there`);
  const near = nearness(to.hostname);
  if (near > nearness(from.hostname)) {
    throw refuse(`'${to.hostname}' is an address of ${near === 2 ? 'this device or its link' : 'the private network'}`);
  }
  return to;
}
