/**
 * Which names a request may call this device by. A page on evil.example can have its name lead to this device (DNS rebinding)
 * and then reads answers as its own; the Host that its browser sends is what gives it away.
 */
import { UpdateError } from '../core/errors.ts';

export interface HostQuestion {
  /** Names and values in turn, as they came: `headers` would show the first of two Hosts only. */
  rawHeaders: readonly string[];
  /** As in the request line. */
  target: string;
  /** `name` or `name:port`, in lower case; `[…]` around an IPv6 address. */
  allowed: readonly string[];
  /** The port of the socket; null on the unix socket, where the port of the proxy in front is unknown. */
  port: number | null;
}

const HOST = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?)(?::([1-9][0-9]{0,4}))?$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i;

/**
 * Returns the Host, and the target without an authority. Throws REQUEST_INVALID when there is not exactly one Host,
 * HOST_REFUSED for one that is not this device.
 */
export function checkHost(question: HostQuestion): { host: string; target: string } {
  const hosts = question.rawHeaders.filter((_, index) => index % 2 === 1 && question.rawHeaders[index - 1]?.toLowerCase() === 'host');
  const [host] = hosts;
  if (host === undefined || hosts.length > 1) {
    throw new UpdateError('REQUEST_INVALID', `the request has ${String(hosts.length)} Host headers; exactly one is allowed`);
  }
  assertAllowed(host, question);
  const absolute = ABSOLUTE.exec(question.target);
  if (absolute === null) return { host, target: question.target };
  const [, authority = '', rest = ''] = absolute;
  assertAllowed(authority, question);
  return { host, target: rest.startsWith('/') ? rest : `/${rest}` };
}

function assertAllowed(host: string, { allowed, port }: HostQuestion): void {
  const [, name, given] = HOST.exec(host.toLowerCase()) ?? [];
  if (name !== undefined && (given === undefined || Number(given) <= 65_535) && isAllowed(name, given ?? null, allowed, port)) return;
  throw new UpdateError('HOST_REFUSED', 'the Host header of this request is not a name of this device', {
    hint: 'to allow it, add it to hosts = […] below [api] in /etc/pikit/update.toml',
  });
}

/** An entry with a port is meant as it is; a name alone goes with the port of the socket. */
function isAllowed(name: string, given: string | null, allowed: readonly string[], port: number | null): boolean {
  if (given !== null && allowed.includes(`${name}:${given}`)) return true;
  return allowed.includes(name) && (port === null || given === String(port));
}
