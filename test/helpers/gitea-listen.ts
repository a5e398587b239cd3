/** The two listening servers of the Gitea of the tests, and the record of what they were asked. */
import http from 'node:http';
import { closed, listening } from './listening.ts';

export interface SeenRequest {
  method: string;
  url: string;
  authorization: string | null;
  ifNoneMatch: string | null;
  status: number;
}

/** Keeps what is asked, and the status of its answer once that is sent. */
export function record(into: SeenRequest[], request: http.IncomingMessage, response: http.ServerResponse): void {
  const { method = '', url = '', headers } = request;
  const seen = { method, url, authorization: headers.authorization ?? null, ifNoneMatch: headers['if-none-match'] ?? null, status: 0 };
  into.push(seen);
  response.on('finish', () => {
    seen.status = response.statusCode;
  });
  response.on('error', () => undefined);
}

/** Listens on a free port of 127.0.0.1. */
export async function listen(listener: http.RequestListener): Promise<{ server: http.Server; url: string; close: () => Promise<void> }> {
  const server = http.createServer(listener);
  const port = await listening(server);
  return {
    server,
    url: `http://127.0.0.1:${String(port)}`,
    close: () => closed(server),
  };
}
