/**
 * One connection for one request, made the same way for every client: straight or through a proxy, with or without TLS. What is
 * judged is the address that is connected to, so no name and no second look-up can lead elsewhere (DNS rebinding).
 */
import http from 'node:http';
import type { LookupFunction, Socket } from 'node:net';
import net from 'node:net';
import type { SecureContext } from 'node:tls';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import type { NetworkZone } from '../../core/network/local-address.ts';
import { zoneOfAddress, networkZone } from '../../core/network/local-address.ts';
import { addressRefused } from '../../core/network/network-errors.ts';
import { proxyUnreachable, tunnelRefused } from '../../core/network/proxy-errors.ts';
import type { Proxy } from '../../core/network/proxy.ts';
import type { Wire } from './wire.ts';

/** For a proxy to be connected to, and to connect. */
const PROXY_MS = 10_000;
/** Node's 250 ms for each address of a name are less than a mobile network needs. */
const FAMILY_MS = 2500;

export interface Line {
  socket: Socket;
  /** The proxy that reads the request, and wants the whole address in it; null where the server reads it, if through a tunnel. */
  reader: Proxy | null;
  /** How near what was connected to is; behind a proxy, what its name tells. */
  near: NetworkZone;
}

export interface DialOptions {
  wire: Wire;
  /** The nearest that an address may be: for the owner's own address anything (2), for a redirect what redirected. */
  nearest: NetworkZone;
  signal: AbortSignal;
  connectMs?: number;
}

/**
 * Connects to the server of `url`, or to the proxy for it. Throws REDIRECT_REFUSED for an address that is too near, PROXY_UNREACHABLE,
 * PROXY_LOGIN and PROXY_REFUSED; errors of sockets, DNS and TLS come out as they are. Nothing stays open then.
 */
export async function dial(url: URL, options: DialOptions): Promise<Line> {
  const proxy = options.wire.proxyFor(url);
  const connect = async (authorities: SecureContext | null): Promise<Line> =>
    proxy === null ? await straight(url, options, authorities) : await through(proxy, url, options, authorities);
  return url.protocol === 'https:' || proxy?.url.protocol === 'https:' ? await options.wire.trust.within(connect) : await connect(null);
}

/** For the proxy that reads a request, and no server behind it. */
export function proxyHeaders(reader: Proxy | null): Record<string, string> {
  return reader === null || reader.authorization === null ? {} : { 'proxy-authorization': reader.authorization };
}

async function straight(url: URL, options: DialOptions, authorities: SecureContext | null): Promise<Line> {
  const { nearest, wire, connectMs, signal } = options;
  const host = plainHost(url);
  if (net.isIP(host) !== 0 && zoneOfAddress(host) > nearest) throw addressRefused(url, host, zoneOfAddress(host));
  const connect = async (limit: AbortSignal): Promise<Line> => {
    const socket = await open(url, judged(wire.lookup, url, nearest), limit);
    const near = zoneOfAddress(socket.remoteAddress ?? '');
    return { socket: url.protocol === 'https:' ? await secure(socket, url, limit, authorities) : socket, reader: null, near };
  };
  return connectMs === undefined ? await connect(signal) : await within(connectMs, signal, connect);
}

async function through(
  proxy: Proxy,
  url: URL,
  { wire, signal, connectMs = PROXY_MS }: DialOptions,
  authorities: SecureContext | null,
): Promise<Line> {
  const near = networkZone(url.hostname);
  const isTunnel = url.protocol === 'https:';
  const reach = async (limit: AbortSignal): Promise<Socket> => {
    const plain = await open(proxy.url, wire.lookup, limit);
    const reached = proxy.url.protocol === 'https:' ? await secure(plain, proxy.url, limit, authorities) : plain;
    return isTunnel ? await tunnel(reached, proxy, url, limit) : reached;
  };
  let socket: Socket;
  try {
    socket = await within(PROXY_MS, signal, reach);
  } catch (error) {
    throw error instanceof UpdateError ? error : proxyUnreachable(proxy, error);
  }
  if (!isTunnel) return { socket, reader: proxy, near };
  // What is at the other end of the tunnel may never say a word.
  return { socket: await within(connectMs, signal, (limit) => secure(socket, url, limit, authorities)), reader: null, near };
}

/** What takes longer than `ms` ends as a connection that timed out; once it is there, its signal is that of the caller alone. */
async function within<T>(ms: number, signal: AbortSignal, work: (limit: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const deadline = setTimeout(() => {
    controller.abort(Object.assign(new Error(`no connection within ${String(ms / 1000)} s`), { code: 'ETIMEDOUT' }));
  }, ms);
  try {
    return await work(AbortSignal.any([signal, controller.signal]));
  } finally {
    clearTimeout(deadline);
  }
}

/** An address as sockets want it: without the brackets of IPv6. */
function plainHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** A look-up that leaves out the addresses that are too near; when none is left, the name is refused. */
function judged(lookup: LookupFunction, url: URL, nearest: NetworkZone): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const all = typeof found === 'string' ? [{ address: found, family: net.isIP(found) }] : found;
      const fit = all.filter(({ address }) => zoneOfAddress(address) <= nearest);
      const [first] = fit;
      const [refused] = all;
      if (first !== undefined) {
        if (options.all === true) callback(null, fit);
        else callback(null, first.address, first.family);
      } else if (refused === undefined) callback(Object.assign(new Error(`'${hostname}' has no address`), { code: 'ENOTFOUND' }), []);
      else callback(addressRefused(url, refused.address, zoneOfAddress(refused.address)), []);
    });
  };
}

async function open(url: URL, lookup: LookupFunction, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const socket = net.connect({ host: plainHost(url), port, lookup, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: FAMILY_MS });
  return await ready(socket, 'connect', signal);
}

async function secure(socket: Socket, url: URL, signal: AbortSignal, authorities: SecureContext | null): Promise<Socket> {
  const { connect } = await import('node:tls');
  const host = plainHost(url).replace(/\.$/, '');
  const names = net.isIP(host) === 0 ? { servername: host } : {};
  const context = authorities === null ? {} : { secureContext: authorities };
  return await ready(connect({ socket, host, ...names, ...context, ALPNProtocols: ['http/1.1'] }), 'secureConnect', signal);
}

/** The socket once it is ready. When it fails or is not wanted any more, it is destroyed. */
function ready(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Socket> {
  // What happens to it later is for those who use it.
  socket.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      socket.off(event, done).off('error', fail).off('close', closed);
      signal.removeEventListener('abort', stop);
    };
    const done = (): void => {
      leave();
      socket.setNoDelay(true).setKeepAlive(true, 60_000);
      resolve(socket);
    };
    const fail = (error: unknown): void => {
      leave();
      socket.destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const stop = (): void => {
      fail(signal.reason);
    };
    const closed = (): void => {
      fail(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }));
    };
    socket.on(event, done).on('error', fail).on('close', closed);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
  });
}

/** RFC 9110 section 9.3.6. The socket that comes out is that of the server. */
function tunnel(socket: Socket, proxy: Proxy, url: URL, signal: AbortSignal): Promise<Socket> {
  const authority = `${url.hostname}:${url.port === '' ? '443' : url.port}`;
  return new Promise((resolve, reject) => {
    const outgoing = http.request({
      method: 'CONNECT',
      path: authority,
      createConnection: () => socket,
      headers: { host: authority, ...proxyHeaders(proxy) },
      signal,
    });
    // Whatever it answers comes as this event, 1xx and 4xx as well.
    outgoing.on('connect', ({ statusCode: status = 0 }, connected, head) => {
      if (status < 200 || status > 299) {
        socket.destroy();
        reject(tunnelRefused(status, proxy, url));
        return;
      }
      if (head.length > 0) connected.unshift(head);
      resolve(connected);
    });
    outgoing.on('error', (error) => {
      socket.destroy();
      // An abort of ours says in its reason what it was.
      reject(signal.aborted && errnoOf(error) === 'ABORT_ERR' && signal.reason instanceof Error ? signal.reason : error);
    });
    outgoing.on('close', () => {
      reject(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }));
    });
    outgoing.end();
  });
}
