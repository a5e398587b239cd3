import { describe, expect, it } from 'vitest';
import { UpdateError, toUpdateError } from '../../../../lib/core/errors.ts';
import { isTransient, networkError, redirectTarget, statusError } from '../../../../lib/core/network/network-errors.ts';
import { containing } from '../../../helpers/matchers.ts';

const URL_OF_SITE = new URL('https://updates.example.org:8443/pikit/manifest.json?token=secret');

function coded(code: string, details: { cause?: unknown } = {}): Error {
  return Object.assign(new Error(`socket says ${code}`), { code, ...details });
}

/** As undici 7.30 makes it: the reason is in the message only. */
function parserError(reason: string): Error {
  const error = new Error(`Response does not match the HTTP/1.1 protocol (${reason})`);
  error.name = 'HTTPParserError';
  return error;
}

describe('networkError', () => {
  it.each([
    ['dns', coded('ENOTFOUND'), 'OFFLINE'],
    ['dns-temporary', coded('EAI_AGAIN'), 'OFFLINE'],
    ['no-route', coded('ENETUNREACH'), 'OFFLINE'],
    ['refused', coded('ECONNREFUSED'), 'SERVER_UNREACHABLE'],
    ['reset', coded('ECONNRESET'), 'SERVER_UNREACHABLE'],
    ['undici-socket', coded('UND_ERR_SOCKET'), 'SERVER_UNREACHABLE'],
    ['undici-body-timeout', coded('UND_ERR_BODY_TIMEOUT'), 'SERVER_UNREACHABLE'],
    ['hidden-two-levels-down', new TypeError('fetch failed', { cause: new Error('x', { cause: coded('ENOTFOUND') }) }), 'OFFLINE'],
    ['both-families-unreachable', new AggregateError([coded('ENETUNREACH'), coded('EHOSTUNREACH')]), 'OFFLINE'],
    ['ipv4-refused-and-no-ipv6', new AggregateError([coded('ENETUNREACH'), coded('ECONNREFUSED')]), 'SERVER_UNREACHABLE'],
    ['not-yet-valid', coded('CERT_NOT_YET_VALID'), 'CLOCK_WRONG'],
    ['self-signed', coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'TLS_FAILED'],
    ['self-signed-in-chain', coded('SELF_SIGNED_CERT_IN_CHAIN'), 'TLS_FAILED'],
    ['unknown-issuer', coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'TLS_FAILED'],
    ['unknown-issuer-locally', coded('UNABLE_TO_GET_ISSUER_CERT_LOCALLY'), 'TLS_FAILED'],
    ['expired', coded('CERT_HAS_EXPIRED'), 'TLS_FAILED'],
    ['revoked', coded('CERT_REVOKED'), 'TLS_FAILED'],
    ['bad-signature', coded('CERT_SIGNATURE_FAILURE'), 'TLS_FAILED'],
    ['wrong-host', coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'TLS_FAILED'],
    ['plaintext-on-tls-port', coded('EPROTO'), 'TLS_FAILED'],
    ['old-protocol', coded('ERR_SSL_UNSUPPORTED_PROTOCOL'), 'TLS_FAILED'],
    ['alert', coded('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'), 'TLS_FAILED'],
    ['garbage-status-line', coded('HPE_INVALID_CONSTANT'), 'HTTP_PROTOCOL'],
    ['headers-overflow', coded('UND_ERR_HEADERS_OVERFLOW'), 'HTTP_PROTOCOL'],
    ['body-shorter-than-declared', coded('UND_ERR_RES_CONTENT_LENGTH_MISMATCH'), 'SERVER_UNREACHABLE'],
    ['end-inside-the-headers', coded('HPE_INVALID_EOF_STATE'), 'SERVER_UNREACHABLE'],
    ['undici-parser-without-a-code', parserError('Expected HTTP/, RTSP/ or ICE/'), 'HTTP_PROTOCOL'],
    ['undici-parser-at-the-end', parserError('Invalid EOF state'), 'SERVER_UNREACHABLE'],
    ['unknown-error', new Error('huh'), 'SERVER_UNREACHABLE'],
    ['not-an-error', 'huh', 'SERVER_UNREACHABLE'],
  ])('%s', (_name, error, code) => {
    const made = networkError(error, URL_OF_SITE);
    expect(made).toMatchObject({ code, cause: error, subject: 'https://updates.example.org:8443' });
    expect(made.hint).not.toBeNull();
    expect(`${made.message} ${made.hint ?? ''}`).not.toContain('secret');
  });

  it('leaves our own errors alone', () => {
    const own = new UpdateError('DIGEST_MISMATCH', 'x');
    expect(networkError(own, URL_OF_SITE)).toBe(own);
  });

  it('survives causes in a circle', () => {
    const error = coded('WHATEVER');
    error.cause = error;
    expect(networkError(error, URL_OF_SITE).code).toBe('SERVER_UNREACHABLE');
  });
});

describe('statusError', () => {
  it.each([
    [404, 'NOT_FOUND'],
    [410, 'NOT_FOUND'],
    [400, 'HTTP_STATUS'],
    [401, 'HTTP_STATUS'],
    [403, 'HTTP_STATUS'],
    [204, 'HTTP_STATUS'],
    [304, 'HTTP_STATUS'],
    [408, 'SERVER_ERROR'],
    [429, 'SERVER_ERROR'],
    [500, 'SERVER_ERROR'],
    [503, 'SERVER_ERROR'],
  ])('%i is %s', (status, code) => {
    const error = statusError(status, URL_OF_SITE, 'the manifest');
    expect(error).toMatchObject({ code, message: containing(`HTTP ${String(status)}`), retryAfterMs: null });
    expect(error.message).not.toContain('secret');
  });

  it('says when the server wants to be asked again', () => {
    expect(statusError(503, URL_OF_SITE, 'the manifest', 900_000)).toMatchObject({
      retryAfterMs: 900_000,
      hint: 'the server is limiting requests: try again in 15 min; nothing was changed',
    });
    expect(statusError(503, URL_OF_SITE, 'the manifest', 0).hint).toMatch(/^the server has a problem: try again later/);
  });
});

describe('isTransient', () => {
  it.each([
    ['OFFLINE', true],
    ['SERVER_UNREACHABLE', true],
    ['SERVER_ERROR', true],
    ['TOO_SLOW', true],
    ['DEADLINE', false],
    ['CANCELLED', false],
    ['NOT_FOUND', false],
    ['HTTP_STATUS', false],
    ['HTTP_PROTOCOL', false],
    ['TLS_FAILED', false],
    ['CLOCK_WRONG', false],
    ['DIGEST_MISMATCH', false],
    ['SIZE_MISMATCH', false],
    ['REDIRECT_REFUSED', false],
    ['RESPONSE_TOO_LARGE', false],
    ['NO_SPACE', false],
  ] as const)('%s: %s', (code, transient) => {
    expect(isTransient(new UpdateError(code, 'x'))).toBe(transient);
  });

  it('takes nothing else for transient', () => {
    expect([isTransient(coded('ECONNRESET')), isTransient(toUpdateError(coded('EIO'))), isTransient(null)]).toEqual([false, false, false]);
  });
});

describe('redirectTarget', () => {
  it.each([
    ['relative', 'https://a.example/x/y', 'z?q', 'https://a.example/x/z?q'],
    ['other-host', 'https://a.example/', 'https://b.example/f', 'https://b.example/f'],
    ['other-port', 'http://a.example/', 'http://a.example:8080/', 'http://a.example:8080/'],
    ['http-to-https', 'http://a.example/', 'https://a.example/', 'https://a.example/'],
    ['scheme-relative', 'https://a.example/', '//b.example/', 'https://b.example/'],
    ['inside-this-device', 'http://127.0.0.1:8000/', 'http://localhost:9000/', 'http://localhost:9000/'],
    ['out-of-this-device', 'http://127.0.0.1/', 'http://a.example/', 'http://a.example/'],
    ['inside-the-private-network', 'http://nas.local/', 'http://192.168.1.5/', 'http://192.168.1.5/'],
    ['from-the-private-network-out', 'http://192.168.1.5/', 'https://a.example/', 'https://a.example/'],
  ])('allows %s', (_name, from, location, to) => {
    expect(redirectTarget(new URL(from), location, 0).href).toBe(to);
  });

  it.each([
    ['downgrade', 'https://a.example/', 'http://a.example/', "'http:' is not allowed"],
    ['file', 'http://a.example/', 'file:///etc/shadow', "'file:' is not allowed"],
    ['ftp', 'http://a.example/', 'ftp://a.example/', "'ftp:' is not allowed"],
    ['data', 'http://a.example/', 'data:application/json,{}', "'data:' is not allowed"],
    ['javascript', 'http://a.example/', 'javascript:1', "'javascript:' is not allowed"],
    ['metadata-service', 'http://a.example/', 'http://169.254.169.254/latest/', 'this device or its link'],
    ['loopback', 'http://a.example/', 'http://127.0.0.1:80/', 'this device or its link'],
    ['loopback-as-number', 'http://a.example/', 'http://2130706433/', 'this device or its link'],
    ['loopback-ipv6', 'https://a.example/', 'https://[::1]/', 'this device or its link'],
    ['private-network', 'https://a.example/', 'https://192.168.0.1/', 'the private network'],
    ['from-private-to-loopback', 'http://192.168.0.1/', 'http://localhost/', 'this device or its link'],
    ['nowhere', 'http://a.example/', undefined, 'does not say where to'],
    ['unparsable', 'http://a.example/', 'http://[', 'does not say where to'],
  ])('refuses %s', (_name, from, location, says) => {
    expect(() => redirectTarget(new URL(from), location, 0)).toThrow(
      expect.objectContaining({ code: 'REDIRECT_REFUSED', message: containing(says) }),
    );
  });

  it('follows three redirects, and no fourth', () => {
    const from = new URL('http://a.example/');
    expect(redirectTarget(from, '/b', 2).pathname).toBe('/b');
    expect(() => redirectTarget(from, '/b', 3)).toThrow('fourth redirect');
  });
});

it('knows an answer that leaves HTTP, which undici calls a broken socket', () => {
  const error = Object.assign(new Error('bad upgrade'), { code: 'UND_ERR_SOCKET' });
  expect(networkError(error, new URL('http://example.org/'))).toMatchObject({ code: 'HTTP_PROTOCOL', message: containing('HPE_UPGRADE') });
});
