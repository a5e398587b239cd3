import fs from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { orderClient } from '../../../../lib/io/api/order-client.ts';
import { matching } from '../../../helpers/matchers.ts';

/** Something that listens, and does with each connection what a test says. */
async function listener(act: (socket: net.Socket) => void): Promise<string> {
  const dir = fs.mkdtempSync(join(tmpdir(), 'pikit-orders-'));
  const path = join(dir, 'order.sock');
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => undefined));
    act(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    fs.rmSync(dir, { recursive: true });
  });
  return path;
}

const OK = '{"ok":{"job":null,"dismissed":[]}}\n';
const answers = (text: string) => (socket: net.Socket) => socket.resume().on('end', () => socket.end(text));

describe('orderClient', () => {
  it('sends the order and its end, and has the outcome', async () => {
    let got = '';
    const path = await listener((socket) => {
      socket.setEncoding('utf8').on('data', (text: string) => (got += text));
      socket.on('end', () => socket.end(OK));
    });
    expect(await orderClient(path)({ order: 'skip', version: '1.2.0' })).toEqual({ job: null, dismissed: [] });
    expect(JSON.parse(got)).toEqual({ order: 'skip', version: '1.2.0' });
  });

  it('throws what is answered, by its code', async () => {
    const path = await listener(answers('{"error":{"code":"BRANCH_UNKNOWN","message":"there is none","hint":"look"}}\n'));
    await expect(orderClient(path)({ order: 'branch', name: 'x' })).rejects.toMatchObject({
      code: 'BRANCH_UNKNOWN',
      message: 'there is none',
      hint: 'look',
    });
  });

  it.each([
    ['no-answer', '', 'SYSTEMD_UNAVAILABLE', /journalctl -t pikit-update-order/],
    ['no-json', 'ok\n', 'INTERNAL', null],
    ['another-shape', '{"ok":true}\n', 'INTERNAL', null],
  ])('says what is wrong with the answer: %s', async (_name, text, code, hint) => {
    const path = await listener(answers(text));
    const refused = hint === null ? { code } : { code, hint: matching(hint) };
    await expect(orderClient(path)({ order: 'check' })).rejects.toMatchObject(refused);
  });

  it('says that no gateway is there, and which unit it is', async () => {
    await expect(orderClient('/nonexistent/order.sock')({ order: 'check' })).rejects.toMatchObject({
      code: 'SYSTEMD_UNAVAILABLE',
      message: 'the gateway for orders cannot be reached (ENOENT)',
      hint: matching(/systemctl status pikit-update-order\.socket/),
    });
  });

  it('does not wait for ever', async () => {
    const path = await listener(() => undefined);
    await expect(orderClient(path, { timeoutMs: 30 })({ order: 'check' })).rejects.toMatchObject({
      code: 'SYSTEMD_UNAVAILABLE',
      message: 'the gateway for orders does not answer',
    });
  });

  it('sends four at once, and the others when one of these has its answer', async () => {
    let open = 0;
    let most = 0;
    const path = await listener((socket) => {
      open += 1;
      most = Math.max(most, open);
      socket.resume().on('end', () => {
        setImmediate(() => {
          open -= 1;
          socket.end(OK);
        });
      });
    });
    const ask = orderClient(path);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => ask({ order: 'check' })));
    expect(outcomes).toHaveLength(20);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('sends nothing that would not be read', async () => {
    const replace = Array.from({ length: 900 }, (_, at) => ({ path: `/usr/local/bin/${String(at)}`, sha256: 'a'.repeat(64) }));
    await expect(orderClient('/nonexistent/order.sock')({ order: 'apply', version: null, manifest_sha256: null, replace })).rejects.toMatchObject({
      code: 'BODY_TOO_LARGE',
    });
  });
});
