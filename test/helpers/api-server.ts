/** The built HTTP API as a process of its own over a folder, and clients that send exactly what a test says. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sameClock } from './faketime.ts';

const DIST = process.env['PIKIT_TEST_DIST'] ?? join(import.meta.dirname, '../../dist');

export interface Reply {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
  json: unknown;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string | string[]>;
  /** Sent as JSON, unless it is text. */
  body?: unknown;
}

export interface SentEvent {
  event: string;
  id: string;
  data: string;
}

export interface Followed {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** What came so far. */
  events: SentEvent[];
  comments: string[];
  /** All of it, as it came. */
  text: () => string;
  /** Resolves when an event fits, also one that was there already. */
  until: (fits: (event: SentEvent) => boolean) => Promise<SentEvent>;
  /** Resolves when the server has ended it. */
  ended: Promise<void>;
  close: () => void;
}

export interface ApiProcess {
  root: string;
  pid: number;
  /** The socket's path, or the port of 127.0.0.1. */
  at: { socketPath: string } | { port: number };
  host: string;
  ask: (path: string, ask?: Ask) => Promise<Reply>;
  /** POST of JSON. */
  post: (path: string, body?: unknown, headers?: Record<string, string>) => Promise<Reply>;
  /** Bytes as they are, and everything that came back until the server closed. */
  raw: (text: string | Buffer | readonly string[], options?: { end?: boolean }) => Promise<string>;
  connect: () => net.Socket;
  follow: (path: string, ask?: Ask) => Promise<Followed>;
  /** What it wrote on its two streams. */
  output: () => string;
  /** Resolves with the exit code, or the signal. */
  ended: Promise<number | string>;
  signal: (name: NodeJS.Signals) => void;
  /** Ends it, and removes its folder when it is its own. */
  stop: () => Promise<void>;
}

export interface ApiOptions {
  root?: string;
  tcp?: boolean;
  token?: string;
  toml?: string;
  env?: Readonly<Record<string, string>>;
}

/** A folder with a configuration; the caller removes it. */
export function apiRoot(toml = ''): string {
  const root = fs.mkdtempSync(join(fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'pikit-api-'));
  fs.mkdirSync(join(root, 'etc/pikit'), { recursive: true });
  const source = '[source]\ntype = "static"\nurl = "http://127.0.0.1:1/"\n[services]\nmanager = "none"\n[limits]\nretries = 0\n';
  fs.writeFileSync(join(root, 'etc/pikit/update.toml'), `${source}${toml}`);
  return root;
}

/** Starts it, and waits until it listens. */
export async function apiProcess(options: ApiOptions = {}): Promise<ApiProcess> {
  const root = options.root ?? apiRoot(options.toml);
  if (options.token !== undefined) fs.writeFileSync(join(root, 'etc/pikit/api-token'), `${options.token}\n`, { mode: 0o600 });
  const socketPath = join(root, 'api.sock');
  const child = spawn(process.execPath, [join(DIST, 'api.js')], {
    env: {
      PATH: process.env['PATH'] ?? '',
      ...sameClock(),
      PIKIT_ROOT: root,
      PIKIT_API_LISTEN: options.tcp === true ? 'tcp:127.0.0.1:0' : `unix:${socketPath}`,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => {
      resolve(code ?? signal ?? 'nothing');
    });
  });
  const where = await new Promise<string>((resolve, reject) => {
    const take = (text: string): void => {
      output += text;
      const [, found] = /listening on (.*)\n/.exec(output) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    void ended.then((how) => {
      reject(new Error(`the API ended with ${String(how)}: ${output}`));
    });
  });
  const at = options.tcp === true ? { port: Number(where) } : { socketPath };
  return {
    ...clientOf(at),
    root,
    pid: child.pid ?? 0,
    output: () => output,
    ended,
    signal: (name) => {
      child.kill(name);
    },
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      if (options.root === undefined) fs.rmSync(root, { recursive: true, force: true });
    },
  };
}

export type Client = Pick<ApiProcess, 'at' | 'host' | 'ask' | 'post' | 'raw' | 'connect' | 'follow'>;

/** A client of whatever listens there. */
export function clientOf(at: ApiProcess['at']): Client {
  const host = 'port' in at ? `127.0.0.1:${String(at.port)}` : 'localhost';
  const send = (path: string, { method = 'GET', headers = {}, body }: Ask): http.ClientRequest => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const length = text === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(text)) };
    const request = http.request({ ...at, host: '127.0.0.1', path, method, agent: false, headers: { Host: host, ...length, ...headers } });
    request.end(text);
    return request;
  };
  const ask: Client['ask'] = async (path, wanted = {}) => {
    const response = await answered(send(path, wanted));
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
    const isJson = (response.headers['content-type'] ?? '').startsWith('application/json');
    return { status: response.statusCode ?? 0, headers: response.headers, body, json: isJson ? JSON.parse(body) : undefined };
  };
  const connect = (): net.Socket => ('port' in at ? net.connect(at.port, '127.0.0.1') : net.connect(at.socketPath));
  return {
    at,
    host,
    ask,
    post: (path, body = {}, headers = {}) => ask(path, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } }),
    connect,
    raw: (text, { end = false } = {}) =>
      new Promise((resolve) => {
        const socket = connect();
        let all = '';
        socket.setEncoding('latin1').on('data', (chunk: string) => (all += chunk));
        // A server that has had enough resets the connection: what it said before counts.
        socket.on('error', () => undefined);
        socket.on('close', () => {
          resolve(all);
        });
        const pieces = typeof text === 'string' || Buffer.isBuffer(text) ? [text] : text;
        for (const piece of pieces) socket.write(piece);
        if (end) socket.end();
      }),
    follow: async (path, wanted = {}) =>
      followed(await answered(send(path, { ...wanted, headers: { Accept: 'text/event-stream', ...wanted.headers } }))),
  };
}

async function answered(request: http.ClientRequest): Promise<http.IncomingMessage> {
  return await new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
  });
}

function followed(response: http.IncomingMessage): Followed {
  const events: SentEvent[] = [];
  const comments: string[] = [];
  let waiting: (() => void)[] = [];
  let rest = '';
  let text = '';
  let isOver = false;
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const one of woken) one();
  };
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n');
      const field = (name: string): string =>
        lines
          .filter((line) => line.startsWith(`${name}: `))
          .map((line) => line.slice(name.length + 2))
          .join('\n');
      if (block.startsWith(':')) comments.push(block.slice(2));
      else if (field('data') !== '') events.push({ event: field('event'), id: field('id'), data: field('data') });
    }
    wake();
  });
  response.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    response.on('close', () => {
      isOver = true;
      resolve();
      wake();
    });
  });
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    comments,
    text: () => text,
    until: async (fits) => {
      for (;;) {
        const found = events.find(fits);
        if (found !== undefined) return found;
        if (isOver) throw new Error(`the stream has ended with ${String(events.length)} events: ${events.at(-1)?.data ?? ''}`);
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    ended,
    close: () => {
      response.destroy();
    },
  };
}

/** The code of an error as the API answers it. */
export function codeOf(reply: Reply): unknown {
  return Reflect.get(Object(Reflect.get(Object(reply.json), 'error')), 'code');
}

/** A refusal: its status and code, and every header that an answer has to have. */
export function expectRefused(reply: Reply, status: number, code: string): void {
  expect({ status: reply.status, code: codeOf(reply) }).toEqual({ status, code });
  expectSafe(reply);
}

/** Nothing of another origin may read or run it. */
export function expectSafe({ headers }: Pick<Reply, 'headers'>): void {
  expect(headers).toMatchObject({
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  });
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
}

/** Status of the first answer in what a raw connection brought. */
export function statusOf(text: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
}
