/**
 * Root's gateway for the orders of the HTTP API, started by systemd for each connection (pikit-update-order@.service), which is its
 * standard input and output: one order comes in, one line goes out. In a folder the API acts directly; a test may give it a bus.
 */
import { EXIT } from '../lib/cli/exit-codes.ts';
import { UpdateError, errorJson, toUpdateError } from '../lib/core/errors.ts';
import type { Order, OrderAnswer } from '../lib/core/device/orders.ts';
import { printable, printableJson } from '../lib/core/printable.ts';
import { carryOut } from '../lib/device/carry-out.ts';
import { readOrder } from '../lib/io/api/order-message.ts';
import { systemdUnits } from '../lib/io/systemd/unit-runner.ts';
import { wireDevice } from './device-wiring.ts';
import { runProgram, standardStreams } from './run-program.ts';

/** A client sends its order at once. */
const READ_MS = 5000;
/** A job that is queued later would begin although the client was told that it failed. */
const QUEUE_MS = 10_000;

const streams = standardStreams();

/** On standard error, which systemd gives to the journal. */
function log(level: 4 | 5 | 6, message: string): void {
  streams.err(`${process.env['JOURNAL_STREAM'] === undefined ? '' : `<${String(level)}>`}${printable(message).replaceAll('\n', ' ')}\n`);
}

function answer(value: OrderAnswer): void {
  streams.out(`${printableJson(value)}\n`);
}

function refuse(failure: UpdateError): void {
  log(failure.code === 'INTERNAL' ? 4 : 5, `refused: ${failure.message} [${failure.code}]`);
  if (failure.code === 'INTERNAL' && failure.cause instanceof Error) log(4, failure.cause.stack ?? '');
  answer({ error: errorJson(failure) });
}

function told(order: Order): string {
  switch (order.order) {
    case 'apply':
      return `apply ${order.version ?? ''}`.trim();
    case 'stop':
      return `stop ${order.step}`;
    case 'auto':
      return `auto ${[order.auto, order.time].filter((part) => part !== null).join(' ')}`;
    case 'branch':
      return `branch ${order.name}`;
    case 'skip':
      return `skip ${order.version ?? 'none'}`;
    case 'check':
    case 'rollback':
    case 'dismiss':
      return order.order;
    default:
      return order satisfies never;
  }
}

async function obey(): Promise<void> {
  const order = await readOrder(process.stdin, READ_MS);
  const begun = performance.now();
  log(6, told(order));
  const units = systemdUnits();
  const wiring = wireDevice({
    warn: (message) => {
      log(4, message);
    },
    // Not by SIGTERM either: what was begun is done to its end, which systemd waits for.
    signal: new AbortController().signal,
    systemd: () => Promise.resolve(units),
  });
  if (!wiring.onDevice && process.env['DBUS_SYSTEM_BUS_ADDRESS'] === undefined) {
    throw new UpdateError('USAGE', `orders are for a device, and '${wiring.root}' is a folder`, { hint: 'the API of a folder needs no gateway' });
  }
  try {
    const outcome = await carryOut(order, {
      ...wiring.deps,
      units: () => Promise.resolve(units),
      queue: async (verb, unit) => {
        await units.look(unit);
        if (performance.now() - begun > QUEUE_MS)
          throw new UpdateError('SYSTEMD_UNAVAILABLE', 'systemd is too slow to answer', { hint: 'try again' });
        return await units.queue(verb, unit);
      },
    });
    answer({ ok: outcome });
  } finally {
    units.close();
  }
}

async function main(): Promise<number> {
  process.on('SIGTERM', () => undefined);
  try {
    await obey();
  } catch (error) {
    refuse(toUpdateError(error));
  }
  process.stdin.destroy();
  return EXIT.ok;
}

await runProgram(main, streams, refuse);
