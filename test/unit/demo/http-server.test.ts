import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listen, demoFiles } from '../../../lib/demo/http-server.ts';

async function site(): Promise<string> {
  const dir = fs.mkdtempSync(join(tmpdir(), 'pikit-static-'));
  fs.mkdirSync(join(dir, 'site/sub'), { recursive: true });
  fs.writeFileSync(join(dir, 'site/a'), '0123456789');
  fs.writeFileSync(join(dir, 'secret'), 'secret');
  const server = await listen(demoFiles(join(dir, 'site')));
  onTestFinished(async () => {
    await server.close();
    fs.rmSync(dir, { recursive: true });
  });
  return server.origin;
}

const get = async (address: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(address, { headers });
  return { status: answer.status, text: await answer.text(), etag: answer.headers.get('etag') ?? '', range: answer.headers.get('content-range') };
};

test('serves a file with a tag, and says when it has not changed', async () => {
  const origin = await site();
  const first = await get(`${origin}/a`);
  expect(first).toMatchObject({ status: 200, text: '0123456789' });
  expect(await get(`${origin}/a`, { 'if-none-match': first.etag })).toMatchObject({ status: 304, text: '' });
  expect(await get(`${origin}/a`, { 'if-none-match': '"other"' })).toMatchObject({ status: 200 });
});

test.each([
  ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
  ['bytes=2-3', 206, '23', 'bytes 2-3/10'],
  ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
  ['bytes=10-', 416, '', 'bytes */10'],
  ['lines=1-2', 200, '0123456789', null],
])('range %s', async (range, status, text, contentRange) => {
  expect(await get(`${await site()}/a`, { range })).toMatchObject({ status, text, range: contentRange });
});

test('a range of another version is answered with the whole file', async () => {
  const origin = await site();
  const { etag } = await get(`${origin}/a`);
  expect(await get(`${origin}/a`, { range: 'bytes=4-', 'if-range': etag })).toMatchObject({ status: 206 });
  expect(await get(`${origin}/a`, { range: 'bytes=4-', 'if-range': '"other"' })).toMatchObject({ status: 200, text: '0123456789' });
});

test.each(['/missing', '/sub', '/a/b', '/%2e%2e/secret', '/..%2fsecret', '/%00', '/%'])('%s is not there', async (path) => {
  expect(await get((await site()) + path)).toMatchObject({ status: 404, text: '' });
});
