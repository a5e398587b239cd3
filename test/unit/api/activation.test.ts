/** The built server as systemd starts it: by the first connection, with the socket as descriptor 3. */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { apiProcess, apiRoot, clientOf, statusOf } from '../../helpers/api-server.ts';
import { freePort } from '../../helpers/listening.ts';

const DIST = join(import.meta.dirname, '../../../dist');
const hasActivate = spawnSync('systemd-socket-activate', ['--version']).status === 0;
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Listens as systemd does, and becomes the server at the first connection. */
async function activated(listen: string, env: Readonly<Record<string, string>> = {}) {
  const root = apiRoot();
  const settings = Object.entries({ PIKIT_ROOT: root, ...env }).flatMap(([name, value]) => ['-E', `${name}=${value}`]);
  const where = listen.replace('ROOT', root);
  const child = spawn('systemd-socket-activate', ['-l', where, ...settings, process.execPath, join(DIST, 'api.js')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  cleanups.push(async () => {
    child.kill('SIGKILL');
    await ended;
    fs.rmSync(root, { recursive: true });
  });
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('Listening on')) resolve();
    });
  });
  return { root, child, ended, text: () => text };
}

describe.skipIf(!hasActivate)('socket activation', () => {
  it('answers the connection that started it, stays while a client is connected, and ends with 0 when none is', async () => {
    const { root, ended } = await activated('ROOT/api.sock', { PIKIT_API_IDLE_MS: '300' });
    const client = clientOf({ socketPath: join(root, 'api.sock') });
    expect((await client.ask('/api/update/status')).status).toBe(200);
    const stream = await client.follow('/api/update/events');
    await stream.until(({ event }) => event === 'status');
    stream.close();
    expect(await ended).toBe(0);
  });

  it('wants a token on TCP, whatever its socket is called', async () => {
    const port = await freePort();
    await activated(`127.0.0.1:${String(port)}`, { LISTEN_FDNAMES: 'unix' });
    expect((await clientOf({ port }).ask('/api/update/status')).status).toBe(503);
  });

  it('does not serve a socket that others on the network can reach', async () => {
    const port = await freePort('0.0.0.0');
    const { ended, text } = await activated(`0.0.0.0:${String(port)}`);
    expect(statusOf(await clientOf({ port }).raw('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'))).toBe(0);
    expect(await ended).toBe(1);
    expect(text()).toContain('[CONFIG_INVALID]');
  });
});

describe('the process', () => {
  it('ends streams and itself at SIGTERM', async () => {
    const api = await apiProcess();
    cleanups.push(api.stop);
    const stream = await api.follow('/api/update/events');
    await stream.until(() => true);
    api.signal('SIGTERM');
    await stream.ended;
    expect(await api.ended).toBe(0);
    expect(api.output()).toMatch(/^listening on .*\n$/);
  });

  it('says what to do when it has no socket', () => {
    const env = { PATH: process.env['PATH'] ?? '', PIKIT_ROOT: apiRoot() };
    const ended = spawnSync(process.execPath, [join(DIST, 'api.js')], { env, encoding: 'utf8' });
    fs.rmSync(env.PIKIT_ROOT, { recursive: true });
    expect([ended.status, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toContain('there is no socket to listen on');
  });
});
