/** From the address of a large file to an answer that has bytes of it: over redirects and proxies, with what may be sent where. */
import type { Nearness } from '../core/local-address.ts';
import { networkError, redirectTarget, statusError } from '../core/network-errors.ts';
import { proxyAnswer } from '../core/proxy-errors.ts';
import { retryAfterMs } from '../core/retry-after.ts';
import { dial, proxyHeaders } from './dial.ts';
import type { DownloadAgent, DownloadBody, Valve } from './download-agent.ts';
import { BODY_BUFFER_BYTES, downloadAgent } from './download-agent.ts';
import type { Wire } from './wire.ts';

const CONNECT_TIMEOUT_MS = 10_000;

export interface Answer {
  status: number;
  header: (name: string) => string | null;
  body: DownloadBody;
}

/** The connection of one download. */
export interface Reach {
  wire: Wire;
  agent: DownloadAgent;
  valve: Valve;
  signal: AbortSignal;
  /** The nearest that the next address may be, and how near the last one was. */
  nearest: Nearness;
  near: Nearness;
}

export function reachOf(wire: Wire, signal: AbortSignal, slowed: boolean): Reach {
  const { agent, valve } = downloadAgent(slowed, async (origin) => {
    const line = await dial(origin, { wire, nearest: reach.nearest, signal, connectMs: CONNECT_TIMEOUT_MS });
    reach.near = line.near;
    return line.socket;
  });
  const reach: Reach = { wire, agent, valve, signal, nearest: 2, near: 2 };
  return reach;
}

export interface SentHeaders {
  plain: Record<string, string>;
  /** Of the source's own origin. */
  own: Readonly<Record<string, string>>;
}

/** Answers with 200, 206 or 416; anything else is thrown as what it means, and read no further. */
export async function follow(url: URL, headers: SentHeaders, reach: Reach, what: string): Promise<Answer> {
  const { waits } = reach.wire;
  let at = url;
  reach.nearest = 2;
  for (let hops = 0; ; hops += 1) {
    waits.assertOver(at, what);
    try {
      const answer = await send(at, at.origin === url.origin ? { ...headers.own, ...headers.plain } : headers.plain, reach);
      const { status, header } = answer;
      if (status === 200 || status === 206 || status === 416) {
        waits.note(at, null);
        return answer;
      }
      discard(answer.body);
      if (status < 300 || status >= 400 || status === 304) throw statusError(status, at, what, retryAfterMs(header('retry-after'), Date.now()));
      waits.note(at, null);
      at = redirectTarget(at, header('location') ?? undefined, hops, reach.near);
      reach.nearest = reach.near;
    } catch (error) {
      waits.note(at, error);
      throw error;
    }
  }
}

async function send(url: URL, headers: Record<string, string>, { agent, signal, wire }: Reach): Promise<Answer> {
  // Behind a tunnel the server reads the request; a proxy that reads it wants the whole address.
  const reader = url.protocol === 'http:' ? wire.proxyFor(url) : null;
  try {
    const {
      statusCode,
      headers: given,
      body,
    } = await agent.request({
      origin: url.origin,
      path: `${reader === null ? '' : url.origin}${url.pathname}${url.search}`,
      method: 'GET',
      headers: { ...headers, ...proxyHeaders(reader) },
      signal,
      highWaterMark: BODY_BUFFER_BYTES,
      // Each hop is a connection of its own, so that each address is judged.
      reset: true,
    });
    const header = (name: string): string | null => {
      const value = given[name];
      return typeof value === 'string' ? value : null;
    };
    const ofProxy = reader === null ? null : proxyAnswer({ status: statusCode, header }, reader, url);
    if (ofProxy === null) return { status: statusCode, header, body };
    discard(body);
    throw ofProxy;
  } catch (error) {
    throw networkError(error, url);
  }
}

/** Ends an answer that nobody wants to read; destroying it reports an abort, which is not news to us. */
export function discard(body: DownloadBody): void {
  body.on('error', () => undefined);
  body.destroy();
}
