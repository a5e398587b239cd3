/** The built gateway for orders, as systemd starts it: a process for each connection, with the connection as its input and output. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DIST = process.env['PIKIT_TEST_DIST'] ?? join(import.meta.dirname, '../../dist');

export interface OrderGateway {
  socketPath: string;
  /** What the processes wrote to the journal. */
  logged: () => string;
  /** Sends bytes, ends them unless told not to, and resolves with all that came back. */
  send: (bytes: string | Buffer, options?: { end?: boolean; leave?: boolean }) => Promise<string>;
  /** Exit codes of all processes so far, once none is running. */
  settled: () => Promise<(number | string | null)[]>;
  stop: () => Promise<void>;
}

/** `root` is the device's folder; the bus is that of DBUS_SYSTEM_BUS_ADDRESS, when there is one. */
export async function orderGateway(root: string, env: NodeJS.ProcessEnv = process.env): Promise<OrderGateway> {
  const dir = fs.mkdtempSync(join(tmpdir(), 'pikit-order-'));
  const socketPath = join(dir, 'order.sock');
  const ends: Promise<number | string | null>[] = [];
  let logged = '';
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined);
    const bus = env['DBUS_SYSTEM_BUS_ADDRESS'];
    const child = spawn(process.execPath, ['--disable-proto=delete', join(DIST, 'order.js')], {
      stdio: [socket, socket, 'pipe'],
      env: { PATH: env['PATH'], PIKIT_ROOT: root, ...(bus === undefined ? {} : { DBUS_SYSTEM_BUS_ADDRESS: bus }) },
    });
    // Ours alone: the process has its own.
    socket.destroy();
    child.stderr.setEncoding('utf8').on('data', (text: string) => (logged += text));
    ends.push(
      new Promise((resolve) => {
        child.on('close', (code, signal) => {
          resolve(code ?? signal);
        });
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    socketPath,
    logged: () => logged,
    send: (bytes, { end = true, leave = false } = {}) =>
      new Promise((resolve) => {
        const socket = net.connect({ path: socketPath, allowHalfOpen: true });
        let all = '';
        socket.setEncoding('utf8').on('data', (chunk: string) => (all += chunk));
        // Reset with something unread: what it said before counts.
        socket.on('error', () => undefined);
        socket.on('end', () => socket.end());
        socket.on('close', () => {
          resolve(all);
        });
        if (leave) socket.end(bytes, () => socket.destroy());
        else if (end) socket.end(bytes);
        else socket.write(bytes);
      }),
    settled: async () => {
      const codes: (number | string | null)[] = [];
      while (codes.length < ends.length) codes.push(...(await Promise.all(ends.slice(codes.length))));
      return codes;
    },
    stop: async () => {
      await Promise.all(ends);
      await new Promise((resolve) => server.close(resolve));
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}
