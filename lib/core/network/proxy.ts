/** The HTTP proxy between this device and its source: `source.proxy` and `source.no_proxy` of update.toml. */
import * as z from 'zod';
import { isInZone } from './local-address.ts';

export interface Proxy {
  /** Without the login. */
  url: URL;
  /** For people: `http://proxy.lan:3128`. */
  name: string;
  /** What goes into Proxy-Authorization; never into a message, a file or the plan. */
  authorization: string | null;
}

/** What `[source]` says about the way to it. */
interface Source {
  url: string;
  proxy?: string | undefined;
  no_proxy?: readonly string[] | undefined;
}

/** Its address, with a login where it wants one. */
export const ProxyUrl = z
  .url({ protocol: /^https?$/, error: 'must be http://host:port or https://host:port', abort: true })
  .refine(isPlain, { error: 'must be http://host:port or https://host:port, with user:password@ where the proxy requires a login' });

/** A host with all below it (`lan`, `.lan`), an address, a block of addresses, each with a port where it is for that alone; or `*`. */
const NO_PROXY = 'must be a host (with all below it), an address, a block such as 192.168.0.0/16, or *';
export const NoProxy = z
  .string({ error: NO_PROXY })
  .regex(
    /^(?:\*|(?:\*?\.)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?(?:\/\d{1,2}|:[1-9]\d{0,4})?|\[[0-9A-Fa-f:.]+\](?::[1-9]\d{0,4})?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:\/\d{1,3})?)$/,
    NO_PROXY,
  )
  .transform((entry) => entry.toLowerCase());

/** The proxy for a request to `url`, or null when it goes straight there. */
export function proxyFor({ source }: { source: Source }, url: URL): Proxy | null {
  if (source.proxy === undefined || !/^https?:$/.test(url.protocol) || source.no_proxy?.some((entry) => isMeant(entry, url)) === true) return null;
  const { username, password, origin } = new URL(source.proxy);
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = username === '' && password === '' ? null : `Basic ${Buffer.from(login).toString('base64')}`;
  return { url: new URL(origin), name: origin, authorization };
}

/** As `source.proxy` has it, for people: null when the source is asked without one. */
export function proxyName(config: { source: Source }): string | null {
  return proxyFor(config, new URL(config.source.url))?.name ?? null;
}

function isMeant(entry: string, { hostname, port, protocol }: URL): boolean {
  if (entry === '*') return true;
  const at = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry);
  const name = (at?.[1] ?? entry).replace(/^\*?\./, '').replace(/^\[|\]$/g, '');
  if (at?.[2] !== undefined && at[2] !== (port === '' ? (protocol === 'https:' ? '443' : '80') : port)) return false;
  const host = hostname.replace(/\.$/, '');
  return host === name || host.endsWith(`.${name}`) || isInZone(host, name);
}

function isPlain(text: string): boolean {
  const url = new URL(text);
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    // A % in a password that is not written as %25.
    return false;
  }
  return url.pathname === '/' && !/[?#]/.test(text);
}
