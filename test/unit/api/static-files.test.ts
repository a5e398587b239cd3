import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { PAGE_POLICY, STATIC_PATHS } from '../../../lib/api/static-files.ts';
import { expectRefused } from '../../helpers/api-server.ts';
import { served } from './served.ts';

const BUILT: Readonly<Record<string, string>> = {
  'pikit-updates.js': 'export {};\n',
  'pikit-updates.de.js': "export const de = 'Über';\n",
  'page.html': '<p>Über</p>\n',
  'page.css': 'p {}\n',
};
const SCRIPT = '/api/update/pikit-updates.js';
const PAGE = '/api/update/page';

/** The API over files that can be changed, and the names that were read. */
async function serving(files: Record<string, string> = { ...BUILT }) {
  const reads: string[] = [];
  const api = await served(
    {},
    {
      webFile: (name) => {
        reads.push(name);
        return files[name] ?? null;
      },
    },
  );
  return { ...api, files, reads };
}

describe('the widget and its page', () => {
  it.each([
    [SCRIPT, 'text/javascript', 'pikit-updates.js'],
    ['/api/update/pikit-updates.de.js', 'text/javascript', 'pikit-updates.de.js'],
    [PAGE, 'text/html', 'page.html'],
    ['/api/update/page.css', 'text/css', 'page.css'],
  ])('%s is served as %s', async (path, type, name) => {
    const api = await serving();
    const reply = await api.ask(path);
    expect(reply).toMatchObject({
      status: 200,
      body: BUILT[name],
      headers: {
        'content-type': `${type}; charset=utf-8`,
        'content-length': String(Buffer.byteLength(BUILT[name] ?? '')),
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'content-security-policy': type === 'text/html' ? PAGE_POLICY : "default-src 'none'; frame-ancestors 'none'",
        etag: `"${createHash('sha256')
          .update(BUILT[name] ?? '')
          .digest('hex')}"`,
      },
    });
    expect(Object.keys(reply.headers).filter((header) => header.startsWith('access-control'))).toEqual([]);
    const head = await api.ask(path, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: '' });
    expect({ ...reply.headers, date: '' }).toMatchObject({ ...head.headers, date: '' });
    expect(api.reads).toEqual([name]);
  });

  it('allow a page no inline code, and nothing that comes from elsewhere', () => {
    expect(PAGE_POLICY).not.toMatch(/unsafe|\*|http/);
    const directives = PAGE_POLICY.split('; ').map((directive) => directive.split(' ')[0]);
    expect(directives).toEqual(expect.arrayContaining(['default-src', 'base-uri', 'form-action', 'frame-ancestors', 'require-trusted-types-for']));
  });

  it('are not sent to a client that has them', async () => {
    const api = await serving();
    const etag = String((await api.ask(SCRIPT)).headers.etag);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const reply = await api.ask(SCRIPT, { headers: { 'If-None-Match': known } });
      expect([reply.status, reply.body, reply.headers.etag, reply.headers['cache-control']]).toEqual([304, '', etag, 'no-cache']);
    }
    for (const known of ['', '"other"', etag.replaceAll('"', ''), String((await api.ask(PAGE)).headers.etag)]) {
      expect((await api.ask(SCRIPT, { headers: { 'If-None-Match': known } })).status, known).toBe(200);
    }
  });

  it('are read once, when they are first asked for', async () => {
    const api = await serving();
    await api.ask('/api/update/status');
    expect(api.reads).toEqual([]);
    await api.ask(PAGE);
    api.files['page.html'] = 'changed';
    expect((await api.ask(`${PAGE}?lang=de`)).body).toBe(BUILT['page.html']);
    expect(api.reads).toEqual(['page.html']);
  });

  it('are 404 as long as they are not there', async () => {
    const api = await serving({});
    for (const path of STATIC_PATHS) expectRefused(await api.ask(path), 404, 'NOT_FOUND');
    api.files['page.html'] = BUILT['page.html'] ?? '';
    expect((await api.ask(PAGE)).status).toBe(200);
  });

  it('have the address that they have, and no other', async () => {
    const api = await serving({ ...BUILT, 'states.html': 'secret', 'page.html.map': 'secret' });
    const others = [
      'page/',
      'page.html',
      'PAGE',
      'pikit-updates.js/',
      '/page',
      '%70age',
      'page.css%00',
      'states.html',
      'dev/states.html',
      '../page',
      '',
    ];
    for (const path of others) expectRefused(await api.ask(`/api/update/${path}`), 404, 'NOT_FOUND');
    expect(api.reads).toEqual([]);
  });

  it('take GET and HEAD only, from names of this device, and from its own pages', async () => {
    const api = await serving();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const reply = await api.ask(PAGE, { method });
      expectRefused(reply, 405, 'METHOD_REFUSED');
      expect(reply.headers.allow).toBe('GET, HEAD');
    }
    expectRefused(await api.ask(PAGE, { headers: { Host: 'evil.example' } }), 403, 'HOST_REFUSED');
    expectRefused(await api.ask(SCRIPT, { headers: { Origin: 'http://evil.example' } }), 403, 'ORIGIN_REFUSED');
    expectRefused(await api.ask(SCRIPT, { headers: { 'Sec-Fetch-Site': 'cross-site' } }), 403, 'ORIGIN_REFUSED');
    expectRefused(await api.ask(`${SCRIPT}?token=x`), 400, 'REQUEST_INVALID');
    expect((await api.ask(SCRIPT, { headers: { 'Sec-Fetch-Site': 'same-origin' } })).status).toBe(200);
    expect((await api.ask(PAGE, { headers: { 'Sec-Fetch-Site': 'none' } })).status).toBe(200);
  });
});
