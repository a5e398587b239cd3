/** Passes a request on to a unix socket as it came, and the answer back as it comes: what a proxy in front of the API does. */
import http from 'node:http';
import { errorAnswer } from '../api/answer.ts';
import { UpdateError } from '../core/errors.ts';

export function forward(incoming: http.IncomingMessage, outgoing: http.ServerResponse, to: { socketPath: string; target: string }): void {
  const { socketPath, target } = to;
  const request = http.request({ socketPath, path: target, method: incoming.method, headers: incoming.headers }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.rawHeaders);
    response.pipe(outgoing);
    // The other side has gone in the middle of an answer: it must not look whole.
    response.on('error', () => outgoing.destroy());
  });
  request.on('error', (cause) => {
    if (outgoing.headersSent) {
      outgoing.destroy();
      return;
    }
    const { status, headers, body } = errorAnswer(new UpdateError('SYSTEMD_UNAVAILABLE', 'the mock does not answer', { cause }));
    outgoing.writeHead(status, headers).end(body);
  });
  outgoing.on('close', () => request.destroy());
  incoming.pipe(request);
}
