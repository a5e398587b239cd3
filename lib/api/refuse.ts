/** How the server itself refuses: before a route has seen the request, or when what came is none. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { UpdateError } from '../core/errors.ts';
import type { Answer } from './answer.ts';
import { errorAnswer } from './answer.ts';
import type { Connections } from './connections.ts';
import { MAX_BODY_BYTES } from './request-body.ts';

/** How long to drain the rest of a short body that is not read. */
const BODY_WAIT_MS = 1000;

export function malformed(): UpdateError {
  return new UpdateError('REQUEST_INVALID', 'the request is malformed');
}

/**
 * A body that is on its way is thrown away, and its connection is not used again. A short one is waited for: closed with
 * something unread, the connection is reset, and the client may never see the answer.
 */
export function refuse(incoming: IncomingMessage, outgoing: ServerResponse, answer: Answer): void {
  const length = Number(incoming.headers['content-length'] ?? 0);
  if (length > 0 && length <= MAX_BODY_BYTES && !incoming.complete) {
    const send = (): void => {
      clearTimeout(deadline);
      incoming.off('end', send);
      sendRefusal(outgoing, answer, true);
    };
    const deadline = setTimeout(send, BODY_WAIT_MS);
    incoming.resume().once('end', send);
    return;
  }
  sendRefusal(outgoing, answer, length > 0 || incoming.headers['transfer-encoding'] !== undefined);
}

export function sendRefusal(outgoing: ServerResponse, answer: Answer, hasBody: boolean): void {
  outgoing.writeHead(answer.status, {
    ...answer.headers,
    'Content-Length': Buffer.byteLength(answer.body),
    ...(hasBody ? { Connection: 'close' } : {}),
  });
  outgoing.end(answer.body);
}

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What Node itself cannot read, or what did not come in time, is answered as everything else is; the connection is closed on both sides. */
export function refuseConnection(
  door: Connections,
  error: Error & { code?: string },
  socket: Socket & { _httpMessage?: { headersSent: boolean } | null },
): void {
  // More of what cannot be read: its answer is on its way.
  if (door.isClosing(socket) && socket.readable) return;
  // HACK: as in the documentation of `clientError`; only this member tells whether an answer has begun.
  if (!socket.writable || error.code === 'ECONNRESET' || socket._httpMessage?.headersSent === true) {
    socket.destroy();
    return;
  }
  const { headers, body } = errorAnswer(malformed());
  const lines = Object.entries({ ...headers, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  door.closeWith(socket, [`HTTP/1.1 ${CLIENT_ERRORS[error.code ?? ''] ?? '400 Bad Request'}`, ...lines, '', body].join('\r\n'));
}
