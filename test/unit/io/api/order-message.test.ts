import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ORDER_MAX_BYTES } from '../../../../lib/core/device/orders.ts';
import { readOrder } from '../../../../lib/io/api/order-message.ts';

const WAIT_MS = 60_000;

describe('readOrder', () => {
  it('reads what comes in pieces, to its end', async () => {
    const stream = new PassThrough();
    const order = readOrder(stream, WAIT_MS);
    for (const piece of ['{"order"', ':"st', 'op","step":"fetch"}']) stream.write(piece);
    stream.end('\n');
    expect(await order).toEqual({ order: 'stop', step: 'fetch' });
  });

  it('believes nothing before the end has come', async () => {
    const stream = new PassThrough();
    const order = readOrder(stream, 20);
    stream.write('{"order":"check"}\n');
    await expect(order).rejects.toMatchObject({ code: 'DEADLINE', message: 'the order was not complete within 0.02 s' });
  });

  it('refuses more bytes than an order has, at the first of them', async () => {
    const stream = new PassThrough();
    const order = readOrder(stream, WAIT_MS);
    stream.write(' '.repeat(ORDER_MAX_BYTES));
    stream.write(' ');
    await expect(order).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
  });

  it.each([
    ['nothing', ''],
    ['no-json', 'check'],
    ['half', '{"order":"check"'],
    ['two', '{"order":"check"}\n{"order":"rollback"}\n'],
    ['twice-the-key', '{"order":"check","order":"rollback"}'],
    ['no-utf8', Buffer.from([0x7b, 0xff, 0x7d])],
  ])('refuses: %s', async (_name, bytes) => {
    const stream = new PassThrough();
    const order = readOrder(stream, WAIT_MS);
    stream.end(bytes);
    await expect(order).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('refuses what is cut off', async () => {
    const stream = new PassThrough();
    const order = readOrder(stream, WAIT_MS);
    stream.write('{"order":"check"}');
    stream.destroy(new Error('reset'));
    await expect(order).rejects.toMatchObject({ code: 'REQUEST_INVALID', message: 'the order was cut off' });
  });
});
