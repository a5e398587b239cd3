import { describe, expect, it } from 'vitest';
import { proxyAnswer, proxyUnreachable, tunnelRefused } from '../../../../lib/core/network/proxy-errors.ts';

const PROXY = { url: new URL('http://proxy.lan:3128'), name: 'http://proxy.lan:3128', authorization: null };
const URL_OF_SITE = new URL('https://x.org/manifest.json?token=secret');

it.each([
  [407, 'PROXY_LOGIN'],
  [403, 'PROXY_REFUSED'],
  [405, 'PROXY_REFUSED'],
  [200.5, 'PROXY_REFUSED'],
  [502, 'SERVER_UNREACHABLE'],
  [504, 'SERVER_UNREACHABLE'],
])('a tunnel refused with %d is %s', (status, code) => {
  const error = tunnelRefused(status, PROXY, URL_OF_SITE);
  expect(error.code).toBe(code);
  expect(`${error.message} ${error.hint ?? ''}`).not.toContain('secret');
});

describe('an answer that came through a proxy', () => {
  it.each<[number, string | null, string | null]>([
    [407, null, 'PROXY_LOGIN'],
    [403, null, 'PROXY_REFUSED'],
    [503, 'x-squid-error', 'SERVER_UNREACHABLE'],
    [502, 'proxy-status', 'SERVER_UNREACHABLE'],
    [503, null, null],
    [404, 'x-squid-error', null],
    [200, null, null],
  ])('%d with %s is %s', (status, marked, code) => {
    const header = (name: string): string | null => (name === marked ? 'x' : null);
    expect(proxyAnswer({ status, header }, PROXY, URL_OF_SITE)?.code ?? null).toBe(code);
  });
});

it('says whether a login is missing or wrong', () => {
  expect(tunnelRefused(407, PROXY, URL_OF_SITE).message).toBe("the proxy 'http://proxy.lan:3128' requires a login (HTTP 407)");
  expect(tunnelRefused(407, { ...PROXY, authorization: 'Basic x' }, URL_OF_SITE)).toMatchObject({
    message: "the proxy 'http://proxy.lan:3128' does not accept the login (HTTP 407)",
  });
});

it('names the proxy that does not answer', () => {
  const cause = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
  expect(proxyUnreachable(PROXY, cause)).toMatchObject({
    code: 'PROXY_UNREACHABLE',
    message: "the proxy 'http://proxy.lan:3128' does not answer (ECONNREFUSED)",
    cause,
  });
  expect(proxyUnreachable(PROXY, 'huh').message).toContain('(huh)');
});
