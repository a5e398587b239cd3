/** The demo's two embedded servers: loopback, any free port, no dependencies. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import { join, normalize } from 'node:path';
import { UpdateError, errnoOf } from '../core/errors.ts';

export interface DemoServer {
  /** `http://127.0.0.1:PORT`. */
  origin: string;
  close: () => Promise<void>;
}

export type DemoAnswer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** Listens on a free port of the loopback interface. */
export async function listen(answer: DemoAnswer): Promise<DemoServer> {
  const server = http.createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new UpdateError('INTERNAL', 'the server has no port');
  return {
    origin: `http://127.0.0.1:${String(address.port)}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Serves the files below `dir` as any static host does: strong ETag, 304, one byte range with If-Range. */
export function demoFiles(dir: string): DemoAnswer {
  return (request, response) => {
    const bytes = request.method === 'GET' || request.method === 'HEAD' ? readBelow(dir, request.url ?? '/') : null;
    if (bytes === null) {
      response.writeHead(404).end();
      return;
    }
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
    const headers = { etag, 'accept-ranges': 'bytes', 'cache-control': 'no-cache' };
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, headers).end();
      return;
    }
    const ifRange = request.headers['if-range'];
    const range = ifRange === undefined || ifRange === etag ? rangeOf(request.headers.range, bytes.length) : null;
    if (range === null) {
      response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes);
      return;
    }
    if (range === 'outside') {
      response.writeHead(416, { ...headers, 'content-range': `bytes */${String(bytes.length)}` }).end();
      return;
    }
    const part = bytes.subarray(range.start, range.end + 1);
    const contentRange = `bytes ${String(range.start)}-${String(range.end)}/${String(bytes.length)}`;
    response.writeHead(206, { ...headers, 'content-length': part.length, 'content-range': contentRange }).end(part);
  };
}

/** The bytes of a file below `dir`, or null. A path cannot lead out of it: it is made absolute before it is joined. */
function readBelow(dir: string, url: string): Buffer | null {
  try {
    const { pathname } = new URL(url, 'http://localhost');
    return fs.readFileSync(join(dir, normalize(decodeURIComponent(pathname))));
  } catch (error) {
    const errno = errnoOf(error);
    if (
      error instanceof URIError ||
      errno === 'ENOENT' ||
      errno === 'EISDIR' ||
      errno === 'ENOTDIR' ||
      errno === 'ERR_INVALID_URL' ||
      errno === 'ERR_INVALID_ARG_VALUE'
    )
      return null;
    throw error;
  }
}

function rangeOf(header: string | undefined, size: number): { start: number; end: number } | 'outside' | null {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '');
  if (match === null) return null;
  const start = Number(match[1]);
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return start >= size || start > end ? 'outside' : { start, end };
}
