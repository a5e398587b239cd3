/** Is the dashboard there again? One GET with node:http; apply has no network beyond loopback, and needs no client library. */
import http from 'node:http';
import https from 'node:https';
import { UpdateError } from '../core/errors.ts';
import { answerOf } from './answer-of.ts';
import { pause } from './clock.ts';

const ATTEMPT_MS = 5000;
const BETWEEN_MS = 250;

async function statusOf(url: string, signal: AbortSignal): Promise<number> {
  const client = url.startsWith('https:') ? https : http;
  const request = client.get(url, { signal, agent: false, headers: { connection: 'close' } });
  const response = await answerOf(request, signal);
  response.on('error', () => undefined); // its status is all that is asked for
  response.resume();
  return response.statusCode ?? 0;
}

/**
 * Resolves when `url` answers below 400. A service that has just started says so in no other way than by answering, so it is
 * asked again until the deadline. Throws PROBE_FAILED with the last answer, CANCELLED when `signal` aborts.
 */
export async function probe(url: string, deadlineMs: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + deadlineMs;
  let last = 'no answer';
  for (;;) {
    const left = end - performance.now();
    try {
      const status = await statusOf(url, AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, Math.ceil(Math.min(ATTEMPT_MS, left))))]));
      if (status < 400) return;
      last = `HTTP ${String(status)}`;
    } catch (error) {
      if (signal.aborted) throw new UpdateError('CANCELLED', 'cancelled while the new release was being tried', { cause: error });
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() + BETWEEN_MS >= end) break;
    await pause(BETWEEN_MS, signal);
  }
  throw new UpdateError('PROBE_FAILED', `'${url}' did not answer as it should within ${String(deadlineMs / 1000)} s: ${last}`, {
    hint: `look at the log of the service behind '${url}'`,
    subject: url,
  });
}
