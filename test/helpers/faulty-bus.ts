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
