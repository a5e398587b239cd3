/** Orders of the HTTP API to root's gateway: a connection for each, over the socket that systemd keeps for this user alone. */
import net from 'node:net';
import { UpdateError, errnoOf, toErrorCode } from '../../core/errors.ts';
import { parseDocument } from '../../core/json.ts';
import type { Order, OrderOutcome } from '../../core/device/orders.ts';
import { ORDER_MAX_BYTES, OrderAnswer } from '../../core/device/orders.ts';

/** Fewer than the socket takes at once (MaxConnections=): what it does not take it closes without a word. */
const AT_ONCE = 4;
/** Longer than the gateway may run (RuntimeMaxSec=, then TimeoutStopSec=). */
const TIMEOUT_MS = 80_000;
/** All notices of a state.json. */
const ANSWER_MAX_BYTES = 8 * 1024 * 1024;

const STATUS = '`systemctl status pikit-update-order.socket` shows why; `systemctl restart pikit-update-order.socket` starts it again';
const JOURNAL = '`journalctl -t pikit-update-order` shows why';

/**
 * Sends an order and resolves with its outcome. Throws what the gateway answers, by its code; BODY_TOO_LARGE for an order that it
 * would not read; SYSTEMD_UNAVAILABLE when it cannot be reached or ends without an answer, and PERMISSION when it is not for us.
 */
export function orderClient(path: string, { timeoutMs = TIMEOUT_MS } = {}): (order: Order) => Promise<OrderOutcome> {
  let active = 0;
  const waiting: (() => void)[] = [];

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (active >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    else active += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) active -= 1;
      else next();
    }
  }

  return async (order) => {
    const text = JSON.stringify(order);
    if (Buffer.byteLength(text) > ORDER_MAX_BYTES) {
      throw new UpdateError('BODY_TOO_LARGE', 'too many files to confirm at once', { hint: 'confirm some of them first, then the rest' });
    }
    return outcomeOf(await inTurn(async () => await exchange(path, text, timeoutMs)));
  };
}

/** Sends a text and its end, and resolves with all that comes back until the other side closes. */
function exchange(path: string, text: string, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const socket = net.connect({ path });
    const deadline = setTimeout(() => {
      socket.destroy(new UpdateError('SYSTEMD_UNAVAILABLE', 'the gateway for orders does not answer', { hint: JOURNAL }));
    }, timeoutMs);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > ANSWER_MAX_BYTES) socket.destroy(new UpdateError('INTERNAL', 'the answer of the gateway for orders does not end'));
    });
    socket.on('error', (error) => {
      reject(unreachable(error));
    });
    socket.on('close', () => {
      clearTimeout(deadline);
      resolve(Buffer.concat(chunks));
    });
    socket.end(text);
  });
}

function unreachable(error: Error): UpdateError {
  if (error instanceof UpdateError) return error;
  const errno = errnoOf(error);
  if (errno === 'EACCES') {
    return new UpdateError('PERMISSION', 'the gateway for orders is not open to this user', { hint: STATUS, cause: error });
  }
  const isGone = errno === 'ECONNRESET' || errno === 'EPIPE';
  const what = isGone ? 'the gateway for orders closed the connection' : `the gateway for orders cannot be reached (${errno ?? 'no reason'})`;
  return new UpdateError('SYSTEMD_UNAVAILABLE', what, { hint: isGone ? JOURNAL : STATUS, cause: error });
}

function outcomeOf(bytes: Buffer): OrderOutcome {
  if (bytes.length === 0) throw new UpdateError('SYSTEMD_UNAVAILABLE', 'the gateway for orders ended without an answer', { hint: JOURNAL });
  const answer = parseDocument(bytes, OrderAnswer, { what: "the gateway's answer", maxBytes: ANSWER_MAX_BYTES, code: 'INTERNAL' });
  if ('ok' in answer) return answer.ok;
  const { code, message, hint } = answer.error;
  throw new UpdateError(toErrorCode(code), message, hint === null ? {} : { hint });
}
