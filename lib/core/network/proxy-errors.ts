/** What goes wrong between this device and its proxy, and what the proxy says about the server. Pure; no login is in any of it. */
import { UpdateError } from '../errors.ts';
import { errorCodes } from './network-errors.ts';
import type { Proxy } from './proxy.ts';

const WHERE = 'source.proxy in /etc/pikit/update.toml';

/** No connection to the proxy itself, or no answer to what it was asked to connect to. */
export function proxyUnreachable({ url, name }: Proxy, cause: unknown): UpdateError {
  const code = errorCodes(cause)[0] ?? (cause instanceof Error ? cause.message : String(cause));
  return new UpdateError('PROXY_UNREACHABLE', `the proxy '${name}' does not answer (${code})`, {
    hint: `check ${WHERE}, whether the proxy runs, and the network of this device; nothing was changed`,
    cause,
    subject: url.origin,
  });
}

/** The proxy does not connect to the server of `url`. */
export function tunnelRefused(status: number, proxy: Proxy, url: URL): UpdateError {
  if (status === 407) return loginWanted(proxy);
  if (status >= 500) return serverBehind(status, proxy, url);
  return refused(status, proxy, url);
}

/** What an answer that came through a proxy says about the proxy; null when it is the server's own. */
export function proxyAnswer(answer: { status: number; header: (name: string) => string | null }, proxy: Proxy, url: URL): UpdateError | null {
  const { status, header } = answer;
  if (status === 407) return loginWanted(proxy);
  if (status === 403) return refused(status, proxy, url);
  // RFC 9209 section 2, and what Squid had before it.
  const isOfTheProxy = header('x-squid-error') !== null || header('proxy-status') !== null;
  return status >= 500 && isOfTheProxy ? serverBehind(status, proxy, url) : null;
}

function loginWanted({ url, name, authorization }: Proxy): UpdateError {
  const says = authorization === null ? 'requires a login' : 'does not accept the login';
  const todo =
    authorization === null ? `write user:password@ before the host in ${WHERE} (mode 0640)` : `check the user name and the password in ${WHERE}`;
  return new UpdateError('PROXY_LOGIN', `the proxy '${name}' ${says} (HTTP 407)`, {
    hint: `${todo}; only Basic authentication is known; nothing was changed`,
    subject: url.origin,
  });
}

function refused(status: number, { url: { origin }, name }: Proxy, url: URL): UpdateError {
  return new UpdateError('PROXY_REFUSED', `the proxy '${name}' does not let this device reach '${url.host}' (HTTP ${String(status)})`, {
    hint: `ask the owner of the proxy to allow '${url.hostname}', or list it in source.no_proxy; nothing was changed`,
    subject: origin,
  });
}

function serverBehind(status: number, { name }: Proxy, url: URL): UpdateError {
  return new UpdateError('SERVER_UNREACHABLE', `the proxy '${name}' cannot reach '${url.host}' (HTTP ${String(status)})`, {
    hint: 'check source.url; if it is right, the server may be down: try again later; nothing was changed',
    subject: url.origin,
  });
}
