/** An HTTP proxy that does what it is told: forwards, makes tunnels, wants a login, refuses, or says nothing. It records what was asked. */
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import net from 'node:net';
import type { TlsOptions } from 'node:tls';
import { closed, listening } from './listening.ts';

export interface ProxyServer {
  /** Without a login. */
  url: string;
  /** `CONNECT host:port` or `GET http://…`. */
  requests: string[];
  options: ProxyOptions;
  close: () => Promise<void>;
}

export interface ProxyOptions {
  /** `user:password`. */
  login?: string;
  /** The status for everything. */
  refuse?: number;
  silent?: boolean;
  tls?: TlsOptions;
  /** Where every request goes, whatever it names: so names that are nowhere else can be asked for. */
  to?: number;
}

export async function proxyServer(options: ProxyOptions = {}): Promise<ProxyServer> {
  const requests: string[] = [];
  const sockets = new Set<Duplex>();
  const statusFor = (headers: http.IncomingHttpHeaders): number => {
    const { login, refuse } = options;
    const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
    return wanted !== undefined && headers['proxy-authorization'] !== wanted ? 407 : (refuse ?? 200);
  };
  const server = options.tls === undefined ? http.createServer() : https.createServer(options.tls);
  server.on('connection', (socket: Duplex) => sockets.add(socket));
  server.on('tlsClientError', () => undefined);
  server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    const { method = '', url = '', headers } = request;
    requests.push(`${method} ${url}`);
    if (options.silent === true) return;
    const status = statusFor(headers);
    if (status !== 200) {
      response.writeHead(status, { 'content-type': 'text/html' }).end('<html>no</html>');
      return;
    }
    const at = new URL(url);
    if (options.to !== undefined) at.host = `127.0.0.1:${String(options.to)}`;
    const passed = { ...headers };
    delete passed['proxy-authorization'];
    const onward = http.request(at, { method, headers: passed, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  server.on('connect', (request: http.IncomingMessage, socket: Duplex) => {
    const { url = '', headers } = request;
    requests.push(`CONNECT ${url}`);
    socket.on('error', () => undefined);
    if (options.silent === true) return;
    const status = statusFor(headers);
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${String(status)} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const onward = net.connect(options.to ?? Number(/:(\d+)$/.exec(url)?.[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    sockets.add(onward);
    onward.on('error', () => socket.destroy());
  });
  const port = await listening(server);
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${String(port)}`,
    requests,
    options,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return closed(server);
    },
  };
}
