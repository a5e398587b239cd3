/** What browsers show after an update: the new page, with the snippet for nginx and with what docs/dashboard.md says of other servers. */
import fs from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import { extname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Visit, Web } from '../helpers/browser.ts';
import { describeInBrowser } from '../helpers/browser.ts';
import { openProfile } from '../helpers/browser-profile.ts';
import { temporary } from '../helpers/device.ts';
import { nginx } from '../helpers/nginx.ts';
import { writeTree } from '../helpers/tree.ts';
import { webMock } from '../helpers/web-mock.ts';
import { inPage } from '../helpers/widget-page.ts';

const SNIPPET = fs.readFileSync('units/nginx.conf', 'utf8');
const DAY_S = 86_400;
const HASHED = 'assets/app-1a2b3c4d.js';

/** A dashboard's folder, as a release of long ago left it. */
function dashboard(version: string, ageDays = 100): string {
  const root = join(temporary(), 'pikit-web');
  install(root, version, ageDays);
  return root;
}

function install(root: string, version: string, ageDays: number): void {
  writeTree(root, {
    'index.html': `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${version}</title><link rel="icon" href="data:,"><script type="module" src="/api/update/pikit-updates.js"></script><script src="/plain.js"></script></head><body><p>${version}</p><pikit-updates></pikit-updates></body></html>`,
    'plain.js': `document.documentElement.dataset.plain = '${version}';`,
    [HASHED]: 'never another',
  });
  const at = Date.now() / 1000 - ageDays * DAY_S;
  for (const name of ['index.html', 'plain.js', HASHED]) fs.utimesSync(join(root, name), at, at);
}

const server = (root: string, more = ''): string =>
  `root ${root}; index index.html; ${SNIPPET.replaceAll('/var/backups', `${root}/../backups`)} ${more}`;

describe.skipIf(spawnSync('nginx', ['-v']).error !== undefined)('nginx with the snippet', () => {
  it.each<[name: string, kept: 'ask' | 'keep']>([
    ['index.html', 'ask'],
    ['plain.js', 'ask'],
    ['assets/logo.svg', 'ask'],
    ['assets/jquery-3.7.1.min.js', 'ask'],
    ['assets/dashboard-controls.js', 'ask'],
    ['assets/photo-20261130.js', 'ask'],
    ['assets/icon-android12.svg', 'ask'],
    ['assets/app-facade.js', 'ask'],
    ['assets/app-1a2b3c4d.html', 'ask'],
    ['assets/app-1a2b3c4d.js', 'keep'],
    ['assets/app.0123456789abcdef0123.css', 'keep'],
    ['assets/main.1a2b3c4d.chunk.js', 'keep'],
    ['assets/index-BvL3xQ9k.js', 'keep'],
    ['assets/index-BvL3xQ9k.js.map', 'keep'],
    ['assets/chunk-ABCD2345.js', 'keep'],
  ])('%s', async (name, kept) => {
    const root = dashboard('1.0.0');
    writeTree(root, { [name]: 'x' });
    const url = await nginx(server(root));
    const control = (await fetch(`${url}/${name}`)).headers.get('cache-control');
    if (kept === 'ask') expect(control).toBe('no-cache');
    else expect(control).toMatch(/^max-age=\d{8,}, immutable$/);
  });

  it('keeps to that for the page at /, for pages that a dashboard makes up, for 304, and in locations with headers of their own', async () => {
    const root = dashboard('1.0.0');
    const more = `location / { try_files $uri $uri/ /index.html; add_header X-Frame-Options DENY; } location /assets/ { add_header X-A b; try_files $uri =404; }`;
    const url = await nginx(server(root, more));
    for (const path of ['/', '/rooms/kitchen']) {
      const { headers } = await fetch(url + path);
      expect([headers.get('cache-control'), headers.get('x-frame-options')]).toEqual(['no-cache', 'DENY']);
    }
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    const again = await fetch(url, { headers: { 'if-none-match': etag } });
    expect([again.status, again.headers.get('cache-control')]).toEqual([304, 'no-cache']);
    const asset = await fetch(`${url}/${HASHED}`);
    expect([asset.headers.get('cache-control'), asset.headers.get('x-a')]).toEqual([expect.stringMatching(/^max-age=\d{8,}/), 'b']);
  });

  it('keeps assets of the release before as long as their names say, and says nothing of what is not there', async () => {
    const root = dashboard('1.0.0');
    writeTree(join(root, '..', 'backups/pikit-previous/pikit-web'), { 'assets/old-9f8e7d6c.js': 'old', 'assets/old.js': 'old' });
    const url = await nginx(server(root));
    const controlOf = async (path: string): Promise<[number, string | null]> => {
      const { status, headers } = await fetch(`${url}/${path}`);
      return [status, headers.get('cache-control')];
    };
    expect(await controlOf('assets/old-9f8e7d6c.js')).toEqual([200, expect.stringMatching(/^max-age=\d{8,}, immutable$/)]);
    expect(await controlOf('assets/old.js')).toEqual([200, 'no-cache']);
    expect(await controlOf('assets/none-9f8e7d6c.js')).toEqual([404, null]);
  });

  it('leaves what a program behind it says', async () => {
    const api = await listen((_request, response) => response.writeHead(200, { 'cache-control': 'no-store' }).end('{}'));
    const url = await nginx(server(dashboard('1.0.0'), `location /api/ { proxy_pass ${api}; }`));
    for (const path of ['/api/status', '/api/export-1a2b3c4d.js']) expect((await fetch(url + path)).headers.get('cache-control')).toBe('no-store');
  });
});

async function listen(answer: http.RequestListener): Promise<string> {
  const own = http.createServer(answer).listen(0, '127.0.0.1');
  await once(own, 'listening');
  onTestFinished(() => {
    own.closeAllConnections();
    own.close();
  });
  const address = own.address();
  return `http://127.0.0.1:${String(typeof address === 'object' ? (address?.port ?? 0) : 0)}`;
}

/** As Python's http.server: a date, and nothing of how long it may be kept; with more headers where they are given. */
async function plainServer(root: string, api: string, headers: Record<string, string> = {}): Promise<string> {
  const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };
  return await listen((request, response) => {
    const path = request.url === '/' ? '/index.html' : (request.url ?? '');
    if (path.startsWith('/api/')) {
      const passed = http.request(api + path, { method: request.method, headers: request.headers, agent: false }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(response);
      });
      passed.on('error', () => response.destroy());
      response.on('close', () => passed.destroy());
      request.pipe(passed);
      return;
    }
    const file = join(root, path);
    if (!fs.existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const modified = fs.statSync(file).mtime.toUTCString();
    if (request.headers['if-modified-since'] === modified) response.writeHead(304, headers).end();
    else {
      response.writeHead(200, { 'content-type': types[extname(file)] ?? 'text/plain', 'last-modified': modified, ...headers });
      response.end(request.method === 'HEAD' ? undefined : fs.readFileSync(file));
    }
  });
}

const SERVERS: readonly [name: string, serve: (root: string, api: string) => Promise<string>][] = [
  ['nginx with the snippet', (root, api) => nginx(server(root, `location /api/ { proxy_pass ${api}; proxy_set_header Host $http_host; }`))],
  ['a server with the header of the documentation', (root, api) => plainServer(root, api, { 'cache-control': 'no-cache' })],
];

/** Waits until the page and its script are those of this version: a page that is loaded anew has its title before it has run its script. */
async function isShown({ page }: Pick<Visit, 'page'>, version: string): Promise<void> {
  await expect.poll(() => page.evaluate(() => [document.title, document.documentElement.dataset['plain']])).toEqual([version, version]);
}

/** A browser that has a page of 1.3.0 in its cache, of a server that says nothing of how long, where 1.4.0 is by now; `tab` is empty. */
async function updatedBehind(web: Web): Promise<{ url: string; tab: Visit }> {
  const mock = await webMock('up-to-date');
  const root = dashboard('1.3.0');
  const url = await plainServer(root, mock.url);
  const first = await web.visit();
  await first.page.goto(url);
  install(root, '1.4.0', 0.01);
  return { url, tab: await web.tabBeside(first) };
}

describeInBrowser('a dashboard that was updated', (web) => {
  it.each(SERVERS)('shows the new page in a new tab, and when it is loaded again: %s', async (_name, serve) => {
    const mock = await webMock('up-to-date');
    const root = dashboard('1.4.0');
    const url = await serve(root, mock.url);
    const first = await web.visit();
    await first.page.goto(url);
    install(root, '1.5.0', 0.01);
    const second = await web.tabBeside(first);
    await second.page.goto(url);
    await isShown(second, '1.5.0');
    await first.page.reload();
    await isShown(first, '1.5.0');
  });

  it('loads all of the page anew, once, in a tab that the browser filled from its cache', async () => {
    const { url, tab } = await updatedBehind(web);
    const { page, open, button, dialog } = inPage(tab);
    // The server is not asked at first: the page is that of the release before.
    await page.goto(url, { waitUntil: 'commit' });
    await isShown(tab, '1.4.0');
    await open();
    await dialog.getByText('Installed', { exact: true }).waitFor();
    expect(await button('Reload').count()).toBe(0);
  });

  it('tells in such a tab that there is another page when that one was loaded anew already', async () => {
    const { url, tab } = await updatedBehind(web);
    await tab.page.addInitScript(() => {
      sessionStorage.setItem('pikit-updates-loaded-anew', document.lastModified);
    });
    const { page, open, button, dialog } = inPage(tab);
    await page.goto(url);
    expect(await page.title()).toBe('1.3.0');
    await open();
    await dialog.getByText('The dashboard was updated to 1.4.0. Reload the page to use it.').waitFor();
    await button('Reload').click();
    await isShown(tab, '1.4.0');
    await open();
    await dialog.getByText('Installed', { exact: true }).waitFor();
    expect(await button('Reload').count()).toBe(0);
  });

  it.each(SERVERS)('shows the new page in a tab of the last session: %s', async (_name, serve) => {
    const mock = await webMock('up-to-date');
    const root = dashboard('1.3.0');
    const url = await serve(root, mock.url);
    const profile = openProfile();
    const [before] = await profile.start(url);
    await expect.poll(() => before?.title()).toBe('1.3.0');
    await profile.quit();
    install(root, '1.4.0', 0.01);
    const [restored] = await profile.start('--restore-last-session');
    if (restored === undefined) throw new Error('no tab');
    expect(restored.url()).toBe(`${url}/`);
    await isShown({ page: restored }, '1.4.0');
  });
});
