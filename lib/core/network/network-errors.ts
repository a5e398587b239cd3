/** From the codes of sockets, DNS and TLS to the failures people meet. Pure: the edges hand the error in. */
import type { ErrorCode } from '../errors.ts';
import { UpdateError } from '../errors.ts';
import type { NetworkZone } from './local-address.ts';
import { describeZone, networkZone } from './local-address.ts';
import { captivePortal } from './captive-portal.ts';
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
export function errorCodes(error: unknown): string[] {
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

const UNKNOWN_ISSUER =
  /^(?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(?:GET_ISSUER_CERT(?:_LOCALLY)?|VERIFY_LEAF_SIGNATURE)|CERT_UNTRUSTED)$/;
const OTHER_NAME = /^(?:ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/;
/** Of a network that answers in the place of the server. */
const PORTAL = 'if this network requires a login, log in first';

/** Whether a certificate was refused only because its authority is not trusted here. */
export function isUnknownIssuer(error: unknown): boolean {
  return errorCodes(error).some((code) => UNKNOWN_ISSUER.test(code));
}

function tlsReason(code: string): string {
  if (UNKNOWN_ISSUER.test(code)) return 'its certificate is from an unknown authority';
  if (OTHER_NAME.test(code)) return 'its certificate is for another host name';
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired';
  if (code === 'CERT_REVOKED') return 'its certificate was revoked';
  return code === 'EPROTO' || code.startsWith('ERR_SSL_') ? 'the TLS handshake failed' : 'its certificate is not valid';
}

function tlsHint(code: string): string {
  if (UNKNOWN_ISSUER.test(code)) {
    return `if the authority is your own, name its certificate in source.ca, or put it into /usr/local/share/ca-certificates and run update-ca-certificates; ${PORTAL}`;
  }
  if (OTHER_NAME.test(code)) return `check the host in source.url; ${PORTAL}`;
  if (code === 'CERT_HAS_EXPIRED') return 'check the clock of this device (timedatectl); if it is right, the server needs a new certificate';
  return 'check the address in source.url, the certificate of the server, and the clock of this device';
}

/** Maps a failed exchange with `url` to OFFLINE, SERVER_UNREACHABLE, CLOCK_WRONG, TLS_FAILED or HTTP_PROTOCOL. */
export function networkError(error: unknown, url: URL): UpdateError {
  if (error instanceof UpdateError) return error;
  const codes = errorCodes(error);
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
  if (tls !== undefined) return make('TLS_FAILED', `no trusted connection to '${url.hostname}': ${tlsReason(tls)} (${tls})`, tlsHint(tls));
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
    return make('HTTP_PROTOCOL', `'${url.host}' sent an invalid HTTP response (${protocol})`, 'check the address in source.url');
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
  return make('SERVER_UNREACHABLE', `the connection to '${url.host}' failed: ${text}`, 'try again later; nothing was changed');
}

/** The failure for an HTTP status that is not the one hoped for; `waitMs` is what Retry-After asked for. */
export function statusError(status: number, url: URL, what: string, waitMs: number | null = null): UpdateError {
  const where = `${url.origin}${url.pathname}`;
  // RFC 6585 section 6: a login to the network is wanted.
  if (status === 511) return captivePortal(url, what, 'HTTP 511');
  if (status === 404 || status === 410) {
    return new UpdateError('NOT_FOUND', `${what} is not at '${where}' (HTTP ${String(status)})`, {
      hint: 'check source.url in /etc/pikit/update.toml; if it is right, the release may not be published yet',
      subject: url.origin,
    });
  }
  const message = `'${where}' answered HTTP ${String(status)} for ${what}`;
  if (status !== 408 && status !== 429 && status < 500) {
    return new UpdateError('HTTP_STATUS', message, { hint: 'check source.url; the server may require a login', subject: url.origin });
  }
  const asked = waitMs === null || waitMs === 0 ? null : waitText(waitMs);
  const when = asked === null ? 'the server has a problem: try again later' : `the server is limiting requests: try again in ${asked}`;
  return new UpdateError('SERVER_ERROR', asked === null ? message : `${message} and is limiting requests for ${asked}`, {
    hint: `${when}; nothing was changed`,
    subject: url.origin,
    retryAfterMs: waitMs,
  });
}

/** Whether trying again can help. A refused signature, digest or certificate never is. */
export function isTransient(error: unknown): boolean {
  return error instanceof UpdateError && ['OFFLINE', 'SERVER_UNREACHABLE', 'SERVER_ERROR', 'PROXY_UNREACHABLE', 'TOO_SLOW'].includes(error.code);
}

/**
 * Where a redirect may lead: from http to anything http, from https to https only, and never nearer to this device than what
 * redirects: not from the Internet into the private network, not from there to this device or its link (CVE-2019-3462:
 * a redirect is input). `near` is the address that redirects; the one that the new name has is judged when it is looked up.
 * Throws REDIRECT_REFUSED.
 */
export function redirectTarget(from: URL, location: string | undefined, hops: number, near: NetworkZone = networkZone(from.hostname)): URL {
  if (hops >= 3) throw redirectRefused(from, 'that is the fourth redirect in a row');
  if (location === undefined || !URL.canParse(location, from.href)) throw redirectRefused(from, 'does not say where to');
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && !(to.protocol === 'http:' && from.protocol === 'http:')) {
    throw redirectRefused(from, `'${to.protocol}' is not allowed there`);
  }
  const target = networkZone(to.hostname);
  if (target > near) throw redirectRefused(from, `'${to.hostname}' is an address of ${describeZone(target)}`);
  return to;
}

function redirectRefused(from: URL, why: string): UpdateError {
  return new UpdateError('REDIRECT_REFUSED', `'${from.host}' redirects, and ${why}`, {
    hint: `${PORTAL}; if it does not, check source.url: set it to the final address`,
    subject: from.origin,
  });
}

/** A redirect led to a name, and the name to an address that is nearer to this device than what redirects. */
export function addressRefused(to: URL, address: string, near: NetworkZone): UpdateError {
  return new UpdateError('REDIRECT_REFUSED', `a redirect leads to '${to.host}' (${address}), an address of ${describeZone(near)}`, {
    hint: `${PORTAL}; if it does not, check source.url: set it to the final address`,
    subject: to.origin,
  });
}
