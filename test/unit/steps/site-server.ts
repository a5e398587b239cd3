/** A web server over a site, on loopback: validators and ranges as real ones have them, a log, and faults on request. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { closed, listening } from '../../helpers/listening.ts';

export interface SeenRequest {
  path: string;
  range: string | null;
  ifNoneMatch: string | null;
}

export type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

export interface SiteServer {
  url: string;
  seen: SeenRequest[];
  /** Paths asked for, in order. */
  paths: () => string[];
  /** Answers a path in another way, or in the usual way again. */
  answer: (path: string, answer: Answer | null) => void;
  close: () => Promise<void>;
}

/** Serves the folder `site` until the test ends. */
export async function siteServer(site: string): Promise<SiteServer> {
  const seen: SeenRequest[] = [];
  const answers = new Map<string, Answer>();
  const server = http.createServer((request, response) => {
    const path = request.url ?? '';
    seen.push({ path, range: request.headers.range ?? null, ifNoneMatch: request.headers['if-none-match'] ?? null });
    (answers.get(path) ?? answers.get(pathOf(request)) ?? serve(site))(request, response);
  });
  const port = await listening(server);
  const close = (): Promise<void> => closed(server);
  onTestFinished(close);
  return {
    url: `http://127.0.0.1:${String(port)}/`,
    seen,
    paths: () => seen.map((request) => request.path),
    answer: (path, answer) => {
      if (answer === null) answers.delete(path);
      else answers.set(path, answer);
    },
    close,
  };
}

function serve(site: string): Answer {
  return (request, response) => {
    const file = join(site, pathOf(request));
    if (!fs.existsSync(file) || !fs.statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    const bytes = fs.readFileSync(file);
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`;
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, { etag }).end();
      return;
    }
    const from = rangeStart(request, etag);
    const headers = { etag, 'accept-ranges': 'bytes', 'content-length': bytes.length - from };
    if (from === 0) response.writeHead(200, headers);
    else response.writeHead(206, { ...headers, 'content-range': `bytes ${String(from)}-${String(bytes.length - 1)}/${String(bytes.length)}` });
    response.end(bytes.subarray(from));
  };
}

/** Files have no query. */
function pathOf(request: http.IncomingMessage): string {
  return (request.url ?? '').split('?')[0] ?? '';
}

function rangeStart(request: http.IncomingMessage, etag: string): number {
  const match = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const condition = request.headers['if-range'];
  return match === null || (condition !== undefined && condition !== etag) ? 0 : Number(match[1]);
}

/** Answers with a status and nothing else. */
export function status(code: number): Answer {
  return (_request, response) => {
    response.writeHead(code).end();
  };
}

/** Answers with these bytes. */
export function bytes(body: string | Buffer): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-length': Buffer.byteLength(body) }).end(body);
  };
}

/** Promises the whole file, sends the first bytes of it and then cuts the connection, or holds it open until `cut` is called. */
export function part(file: string, count: number, hold = false): Answer & { begun: Promise<void>; cut: () => void } {
  let begin: () => void = () => undefined;
  let cut: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const answer: Answer = (_request, response) => {
    const body = fs.readFileSync(file);
    response.writeHead(200, { 'content-length': body.length, etag: `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"` });
    cut = () => {
      response.destroy();
    };
    response.write(body.subarray(0, count), () => {
      begin();
      if (!hold) cut();
    });
  };
  return Object.assign(answer, {
    begun,
    cut: () => {
      cut();
    },
  });
}

/** A page that is asked for and not answered until the test says so. */
export interface Gate {
  url: string;
  /** Resolves when the page has been asked for. */
  reached: Promise<void>;
  open: (code: number) => void;
}

/** A health probe that holds a step open. */
export async function gate(): Promise<Gate> {
  let reach: () => void = () => undefined;
  let code: number | null = null;
  const waiting: http.ServerResponse[] = [];
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const server = http.createServer((_request, response) => {
    if (code === null) waiting.push(response);
    else response.writeHead(code).end();
    reach();
  });
  const port = await listening(server);
  onTestFinished(() => closed(server));
  return {
    url: `http://127.0.0.1:${String(port)}/`,
    reached,
    open: (wanted) => {
      code = wanted;
      for (const response of waiting.splice(0)) response.writeHead(wanted).end();
    },
  };
}
