/** One order, as it comes over a connection: everything up to the end of what is sent is one JSON document. */
import type { Readable } from 'node:stream';
import { UpdateError } from '../../core/errors.ts';
import { parseDocument } from '../../core/json.ts';
import { ORDER_MAX_BYTES, Order } from '../../core/device/orders.ts';

const WHAT = 'the order';

/**
 * Reads the one order and holds it against its schema. Nothing is believed before its end has come: half of one is none, and two
 * are none. Throws REQUEST_INVALID, BODY_TOO_LARGE at the first byte too many, DEADLINE when the end does not come in time.
 */
export async function readOrder(stream: Readable, timeoutMs: number): Promise<Order> {
  const bytes = await bytesOf(stream, timeoutMs);
  return parseDocument(bytes, Order, { what: WHAT, maxBytes: ORDER_MAX_BYTES, code: 'REQUEST_INVALID' });
}

function bytesOf(stream: Readable, timeoutMs: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      stream.off('data', onData).off('end', onEnd).off('close', onCut).off('error', onCut);
      stream.pause();
      act();
    };
    const fail = (error: UpdateError): void => {
      settle(() => {
        reject(error);
      });
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > ORDER_MAX_BYTES) fail(new UpdateError('BODY_TOO_LARGE', `${WHAT} may have ${String(ORDER_MAX_BYTES)} bytes`));
    };
    const onEnd = (): void => {
      settle(() => {
        resolve(Buffer.concat(chunks));
      });
    };
    const onCut = (): void => {
      fail(new UpdateError('REQUEST_INVALID', `${WHAT} was cut off`));
    };
    const timer = setTimeout(() => {
      fail(new UpdateError('DEADLINE', `${WHAT} was not complete within ${String(timeoutMs / 1000)} s`, { hint: 'nothing was done' }));
    }, timeoutMs);
    // Ignore everything after the first failure.
    stream.on('error', () => undefined);
    stream.on('data', onData).on('end', onEnd).on('close', onCut).on('error', onCut);
  });
}
