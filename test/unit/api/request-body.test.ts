import http from 'node:http';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { checked, readBody } from '../../../lib/api/request-body.ts';
import { UpdateError } from '../../../lib/core/errors.ts';

const Body = z.strictObject({ name: z.string().optional() });

/** Sends bytes as one request, and returns what `readBody` made of its body. */
async function read(headers: string, body: string | Buffer, end = false): Promise<unknown> {
  const result = new Promise<unknown>((resolve) => {
    const server = http.createServer((request) => {
      readBody(request, Body).then(resolve, (error: unknown) => {
        resolve(error instanceof UpdateError ? error.code : error);
      });
    });
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const socket = net.connect(isTcp(address) ? address.port : 0, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(`POST / HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
      socket.write(body);
      if (end) socket.end();
    });
  });
  return await result;
}

function isTcp(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

const json = (length: number): string => `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${String(length)}\r\n`;

it('reads JSON that fits the schema', async () => {
  expect(await read(json(12), '{"name":"a"}')).toEqual({ name: 'a' });
  expect(await read('Content-Type: APPLICATION/JSON\r\nTransfer-Encoding: chunked\r\n', '2\r\n{}\r\n0\r\n\r\n')).toEqual({});
});

it('refuses another type, whatever the body is, when all of it has come', async () => {
  expect(await read('Content-Type: text/plain\r\nContent-Length: 2\r\n', '{}')).toBe('MEDIA_TYPE');
  expect(await read('Content-Length: 5\r\n', 'a=b&c')).toBe('MEDIA_TYPE');
  expect(await read(`Content-Encoding: gzip\r\n${json(2)}`, '{}')).toBe('MEDIA_TYPE');
  expect(await read('Content-Type: text/plain\r\nContent-Length: 5\r\n', 'a', true)).toBe('REQUEST_INVALID');
});

it('refuses more than 16 KiB as soon as that is known', async () => {
  expect(await read(json(16 * 1024 + 1), '')).toBe('BODY_TOO_LARGE');
  expect(await read('Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n', `4001\r\n${'x'.repeat(0x4001)}`)).toBe('BODY_TOO_LARGE');
});

it('refuses what is no JSON, broken text, a key twice, and a body that is cut off', async () => {
  expect(await read(json(1), '{')).toBe('REQUEST_INVALID');
  expect(await read(json(0), '')).toBe('REQUEST_INVALID');
  expect(await read(json(12), Buffer.from('{"name":"\xff"}', 'latin1'))).toBe('REQUEST_INVALID');
  expect(await read(json(23), '{"name":"a","name":"b"}')).toBe('REQUEST_INVALID');
  expect(await read(json(100), '{', true)).toBe('REQUEST_INVALID');
});

it('names the key, its value and what is allowed', () => {
  const ask = (value: unknown) => () => checked(Body, value, 'the body');
  expect(ask({ name: 5 })).toThrow("'name' is 5");
  expect(ask({ force: 'yes', other: 1 })).toThrow("unknown key 'force' (yes) and 1 more");
  expect(ask(JSON.parse('{"__proto__":{"a":1}}'))).toThrow(UpdateError);
  try {
    ask({ force: 1 })();
  } catch (error) {
    expect(error).toMatchObject({ hint: 'allowed: name' });
  }
});
