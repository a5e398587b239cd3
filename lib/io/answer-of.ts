/**
 * The answer to a request of node:http, which has more ends than two: a server may switch to another protocol (101), open a tunnel,
 * send one informational answer after the other, or go without an error; Node then closes the connection and says nothing more.
 * A promise that hears of only some of them never settles, and a process that waits for it ends without a word.
 */
import type http from 'node:http';
import type { Duplex } from 'node:stream';
import { UpdateError } from '../core/errors.ts';

/** RFC 9110 section 15.2 sets no limit. A server has a use for one or two: 100, 102 while it works, 103. */
const MAX_INFORMATIONAL = 32;

/**
 * Resolves with the final answer of a request, whose body is still to come. In every other case it rejects: with the error of the
 * connection, with the reason of `signal`, or with HTTP_PROTOCOL for what is no answer to a request of ours. The connection is closed then.
 */
export function answerOf(outgoing: http.ClientRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
  const host = String(outgoing.getHeader('host') ?? 'the server');
  return new Promise((resolve, reject) => {
    let informational = 0;
    let answer: http.IncomingMessage | null = null;
    const end = (error: unknown): void => {
      const reason = error instanceof Error ? error : new Error(String(error));
      reject(reason);
      // What comes after the head is for whoever reads the body.
      answer?.destroy(reason);
      outgoing.destroy();
    };
    const refuse = (what: string): void => {
      end(
        new UpdateError('HTTP_PROTOCOL', `'${host}' does not speak HTTP as it should (${what})`, {
          hint: 'check the address: something else than a web server may answer there',
        }),
      );
    };
    const onAbort = (): void => {
      end(signal.reason);
    };
    outgoing.on('response', (incoming) => {
      answer = incoming;
      resolve(incoming);
    });
    outgoing.on('error', end);
    const onOther = ({ statusCode }: http.IncomingMessage, socket: Duplex): void => {
      socket.destroy();
      refuse(`it answered ${String(statusCode)}, and left HTTP, which was not asked for`);
    };
    outgoing.on('upgrade', onOther);
    outgoing.on('connect', onOther);
    outgoing.on('information', () => {
      informational += 1;
      if (informational > MAX_INFORMATIONAL) refuse(`more than ${String(MAX_INFORMATIONAL)} informational answers, and no final one`);
    });
    outgoing.on('close', () => {
      signal.removeEventListener('abort', onAbort);
      if (answer === null) refuse('the connection was closed without an answer');
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
