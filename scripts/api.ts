/**
 * The HTTP API, started by systemd when a client connects (pikit-update-api.socket), ended when there has been none for
 * a minute. In a folder (PIKIT_ROOT), PIKIT_API_LISTEN says where: unix:/path or tcp:127.0.0.1:PORT.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { createApp } from '../lib/api/app.ts';
import type { ApiDeps } from '../lib/api/deps.ts';
import { deviceBackend } from '../lib/api/device-backend.ts';
import type { Listen } from '../lib/api/server.ts';
import { serveApi } from '../lib/api/server.ts';
import { EXIT } from '../lib/cli/exit-codes.ts';
import { UpdateError } from '../lib/core/errors.ts';
import { devicePaths } from '../lib/core/device/paths.ts';
import { gatewayOrders, queueByGateway } from '../lib/device/gateway-orders.ts';
import { directOrders } from '../lib/device/orders.ts';
import { readApiToken } from '../lib/io/api/api-token.ts';
import { journalReader } from '../lib/io/systemd/journal.ts';
import { listenFds } from '../lib/io/systemd/listen-fds.ts';
import { orderClient } from '../lib/io/api/order-client.ts';
import { ownNames } from '../lib/io/api/own-names.ts';
import { reconnectingUnits } from '../lib/io/systemd/reconnecting-units.ts';
import { webFiles } from '../lib/io/api/web-files.ts';
import { wireDevice } from './device-wiring.ts';
import { runProgram, standardStreams } from './run-program.ts';

const IDLE_MS = 60_000;

const streams = standardStreams();

/** On standard error, which systemd gives to the journal. Level 4: we carry on. */
function warn(message: string): void {
  streams.err(`${process.env['JOURNAL_STREAM'] === undefined ? '' : '<4>'}${message.replaceAll('\n', ' ')}\n`);
}

/** Where to listen, and whether systemd holds the socket: only then may we end when no client is left. */
function whereToListen(): { listens: Listen[]; activated: boolean } {
  const fds = listenFds(process.env, process.pid);
  if (fds.length > 0) return { listens: fds.map((fd) => ({ fd })), activated: true };
  const given = process.env['PIKIT_API_LISTEN'] ?? '';
  const [, path] = /^unix:(\/.+)$/.exec(given) ?? [];
  const [, port] = /^tcp:127\.0\.0\.1:(\d{1,5})$/.exec(given) ?? [];
  if (path === undefined && port === undefined) {
    throw new UpdateError('USAGE', 'there is no socket to listen on', {
      hint: '`systemctl start pikit-update-api.socket` on a device; else PIKIT_API_LISTEN=unix:/path or tcp:127.0.0.1:PORT',
    });
  }
  return { listens: [path === undefined ? { port: Number(port) } : { path }], activated: false };
}

function idleMs(activated: boolean): number | null {
  const given = process.env['PIKIT_API_IDLE_MS'];
  if (given !== undefined && /^\d{1,8}$/.test(given)) return Number(given);
  return activated ? IDLE_MS : null;
}

async function main(): Promise<number> {
  const stop = new AbortController();
  const ask = orderClient(devicePaths('/').orderSocket);
  const units = reconnectingUnits({ queue: queueByGateway(ask) });
  const wiring = wireDevice({ warn, signal: stop.signal, systemd: () => Promise.resolve(units) });
  const { deps: device, root, onDevice } = wiring;
  const orders = onDevice ? gatewayOrders(ask, units) : directOrders(device);
  const hosts = (): string[] => {
    try {
      return [...ownNames(), ...device.loadConfig().api.hosts];
    } catch {
      // Safe to ignore: without its configuration the device goes by its own names, and the status says what is wrong.
      return ownNames();
    }
  };
  const deps: ApiDeps = {
    backend: deviceBackend(device, warn, orders),
    journal: root === '/' ? journalReader() : null,
    openapi: fs.readFileSync(join(import.meta.dirname, 'openapi.json'), 'utf8'),
    webFile: webFiles(join(import.meta.dirname, 'web')),
    now: device.now,
    warn,
    hosts,
    token: () => readApiToken(process.env, root),
    limits: { heartbeatMs: 15_000, streams: 8, bufferedBytes: 64 * 1024 },
  };
  const { listens, activated } = whereToListen();
  const server = await serveApi(createApp(deps), deps, listens, idleMs(activated));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop.abort();
      server.stop();
    });
  }
  if (!activated) streams.out(`listening on ${server.listening.map(String).join(', ')}\n`);
  await server.ended;
  await wiring.settled();
  await wiring.close();
  return EXIT.ok;
}

await runProgram(main, streams, (failure) => {
  warn(`${failure.message} [${failure.code}]`);
  if (failure.hint !== null) warn(failure.hint);
});
