/** Is the dashboard there again? One GET with node:http; apply has no network beyond loopback, and needs no client library. */
import { urlToHttpOptions } from 'node:url';
import { UpdateError } from '../../core/errors.ts';
import { pause } from '../clock.ts';
import { dial } from './dial.ts';
import { request } from './request.ts';
import type { Wire } from './wire.ts';
import { plainWire } from './wire.ts';

const ATTEMPT_MS = 5000;
const BETWEEN_MS = 250;

async function statusOf(url: URL, wire: Wire, signal: AbortSignal): Promise<number> {
  const line = await dial(url, { wire, nearest: 2, signal });
  const { outgoing, answer } = request(line, url, { headers: {}, auth: urlToHttpOptions(url).auth, signal });
  outgoing.end();
  const { status, body } = await answer;
  body.on('error', () => undefined); // its status is all that is asked for
  body.resume();
  return status;
}

/**
 * Resolves when `url` answers below 400. A service that has just started says so in no other way than by answering, so it is
 * asked again until the deadline. Throws PROBE_FAILED with the last answer, CANCELLED when `signal` aborts.
 */
export async function probe(url: string, deadlineMs: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + deadlineMs;
  const wire = plainWire(process.env);
  let last = 'no response';
  for (;;) {
    const left = end - performance.now();
    try {
      const status = await statusOf(
        new URL(url),
        wire,
        AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, Math.ceil(Math.min(ATTEMPT_MS, left))))]),
      );
      if (status < 400) return;
      last = `HTTP ${String(status)}`;
    } catch (error) {
      if (signal.aborted) throw new UpdateError('CANCELLED', 'cancelled during the health check', { cause: error });
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() + BETWEEN_MS >= end) break;
    await pause(BETWEEN_MS, signal);
  }
  throw new UpdateError('PROBE_FAILED', `'${url}' failed the health check after ${String(deadlineMs / 1000)} s: ${last}`, {
    hint: `check the log of the service behind '${url}'`,
    subject: url,
  });
}
