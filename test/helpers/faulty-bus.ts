/** A socket in the place of the system bus, on which no bus is. */
import net from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporary } from './device.ts';

const GARBAGE = Buffer.from(Array.from({ length: 512 }, (_, at) => (at * 151 + 7) % 256));

/** The answer to the greeting of a client; what comes after it is what the client asks for. */
function greet(socket: net.Socket, then: () => void): void {
  let heard = '';
  let isIn = false;
  socket.on('data', (bytes: Buffer) => {
    heard += bytes.toString('latin1');
    if (isIn || !heard.includes('\r\n')) return;
    if (heard.includes('BEGIN\r\n')) {
      isIn = true;
      then();
    } else if (heard.includes('AUTH EXTERNAL')) socket.write(`OK ${'0'.repeat(32)}\r\n`);
  });
}

const padded = (bytes: Buffer, to: number): Buffer => Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)]);
const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const text = (value: string): Buffer => Buffer.concat([word(Buffer.byteLength(value)), Buffer.from(`${value}\0`)]);

/** A message of the bus with these fields in its header, each with its code and type (D-Bus specification, message format). */
function message(type: number, fields: readonly [code: number, type: string, value: Buffer][], body: Buffer): Buffer {
  const header = fields.reduce(
    (bytes, [code, kind, value]) => Buffer.concat([padded(bytes, 8), Buffer.from([code, 1]), Buffer.from(`${kind}\0`), value]),
    Buffer.alloc(0),
  );
  const start = Buffer.concat([Buffer.from([0x6c, type, 0, 1]), word(body.length), word(1), word(header.length), header]);
  return Buffer.concat([padded(start, 8), body]);
}

/** In answer to the first call of a connection. */
const REFUSAL = message(
  3,
  [
    [4, 's', text('org.freedesktop.DBus.Error.LimitsExceeded')],
    [5, 'u', word(1)],
    [8, 'g', Buffer.from('\x01s\0')],
  ],
  text('the maximum number of active connections has been reached'),
);

/** The beginning of a message that says that a gigabyte follows. */
const HUGE = Buffer.concat([Buffer.from([0x6c, 2, 0, 1]), word(1), word(1), word(1024 * 1024 * 1024), Buffer.alloc(64)]);

const FAULTS = {
  'is not there': null,
  closes: (socket) => {
    socket.destroy();
  },
  'answers garbage and closes': (socket) => {
    socket.end(GARBAGE);
  },
  'closes after the greeting': (socket) => {
    greet(socket, () => {
      socket.destroy();
    });
  },
  'sends garbage after the greeting': (socket) => {
    greet(socket, () => {
      socket.write(GARBAGE);
    });
  },
  'sends a size that no message has': (socket) => {
    greet(socket, () => {
      socket.write(HUGE);
    });
  },
  'sends half a message and closes': (socket) => {
    greet(socket, () => {
      socket.end(REFUSAL.subarray(0, REFUSAL.length / 2));
    });
  },
  'refuses the first call': (socket) => {
    greet(socket, () => {
      socket.write(REFUSAL);
    });
  },
  'never answers after the greeting': (socket) => {
    greet(socket, () => undefined);
  },
} satisfies Record<string, ((socket: net.Socket) => void) | null>;

type BusFault = keyof typeof FAULTS;
export const BUS_FAULTS = Object.keys(FAULTS).filter((name): name is BusFault => name in FAULTS);

/** The address of it, for DBUS_SYSTEM_BUS_ADDRESS, until the test ends. */
export async function faultyBus(fault: BusFault): Promise<string> {
  const path = join(temporary(), 'bus');
  const meet: ((socket: net.Socket) => void) | null = FAULTS[fault];
  if (meet === null) return `unix:path=${path}`;
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    meet(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `unix:path=${path}`;
}
