/** Servers of tests on ports that the kernel chooses. */
import type http from 'node:http';
import net from 'node:net';

/** Listens on a free port of 127.0.0.1, and answers it. */
export async function listening(server: net.Server, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Ends a server, and every connection to it. */
export async function closed(server: http.Server): Promise<void> {
  const end = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeAllConnections();
  await end;
}

/** A port on which nothing listened a moment ago. */
export async function freePort(host?: string): Promise<number> {
  const server = net.createServer();
  const port = await listening(server, host);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
