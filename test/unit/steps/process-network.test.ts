/** The built programs on networks as people have them: a proxy, an authority of their own, a login page, a server that wants to be left alone. */
import fs from 'node:fs';
import { expect, it } from 'vitest';
import type { Device } from '../../helpers/device.ts';
import { device, step, temporary } from '../../helpers/device.ts';
import { authority } from '../../helpers/certificates.ts';
import { proxyServer } from '../../helpers/proxy-server.ts';
import { releaseServer } from '../../helpers/release-server.ts';

const MANIFEST = JSON.stringify({ version: '1.0.0', changelog: '', files: [{ path: 'pikit-web/index.html', sha256: 'a'.repeat(64) }] });

function deviceAt(url: string, lines: readonly string[] = [], type = 'static'): Device {
  const on = device();
  fs.writeFileSync(on.paths.config, [`[source]`, `type = "${type}"`, `url = "${url}"`, ...lines, ''].join('\n'));
  return on;
}

it('asks through a proxy with a login, for a server with an authority of its own', async () => {
  const own = authority(temporary());
  const server = await releaseServer(own.issue('DNS:updates.example.org'));
  server.at('/manifest.json', { body: MANIFEST });
  const proxy = await proxyServer({ login: 'me:secret', to: Number(server.url('/').port) });
  const proxyUrl = proxy.url.replace('//', '//me:secret@');
  const on = deviceAt('https://updates.example.org/', [`proxy = "${proxyUrl}"`, `ca = "${own.file}"`]);
  const { code, out, err } = await step(on, 'check');
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('1.0.0 is available');
  expect(new Set(proxy.requests)).toEqual(new Set(['CONNECT updates.example.org:443']));
  await proxy.close();
  const failed = await step(on, 'check');
  expect(failed.code).toBe(1);
  expect(failed.err).toContain('[PROXY_UNREACHABLE]');
  const written = fs.readdirSync(on.at('/var'), { recursive: true, encoding: 'utf8' }).map((name) => on.at(`/var/${name}`));
  const texts = written.filter((path) => fs.statSync(path).isFile()).map((path) => fs.readFileSync(path, 'utf8'));
  expect([...texts, out, failed.out, failed.err].join('')).not.toContain('secret');
  await server.close();
});

it.each(['static', 'gitea'])('leaves a server alone for as long as it asks, across runs: %s', async (type) => {
  const server = await releaseServer();
  for (const path of ['/owner/repo/branches.json', '/api/v1/repos/owner/repo/releases?limit=50&page=1']) {
    server.at(path, { status: 429, headers: { 'retry-after': '3600' } });
  }
  const on = deviceAt(server.url('/owner/repo').href, [], type);
  for (let times = 0; times < 2; times += 1) {
    const { code, err } = await step(on, 'check');
    expect(code).toBe(1);
    expect(err).toMatch(/is limiting requests until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \[SERVER_ERROR\]/);
  }
  expect(server.requests).toHaveLength(1);
  await server.close();
});

it('tells the page of a network that wants a login, also behind a redirect', async () => {
  const portal = await releaseServer();
  portal.at('/login', { body: '<html>log in</html>', headers: { 'content-type': 'text/html' } });
  const server = await releaseServer();
  for (const path of ['/branches.json', '/manifest.json']) server.at(path, { status: 302, headers: { location: portal.url('/login').href } });
  const { code, err } = await step(deviceAt(server.url('/').href), 'check');
  expect(code).toBe(1);
  expect(err).toContain('[CAPTIVE_PORTAL]');
  expect(err).toContain('if this network requires a login');
  await Promise.all([server.close(), portal.close()]);
});
