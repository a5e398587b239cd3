import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sha256Of } from '../../../../lib/core/digest.ts';
import { gzipCopyPath, targetCopyPath } from '../../../../lib/core/trust/metadata-layout.ts';
import { requestTarget } from '../../../../lib/steps/source/signed-target.ts';
import { device, netDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { siteServer } from '../site-server.ts';

const dir = useTempDir();

const DOCUMENT = Buffer.from(JSON.stringify({ version: '1.0.0', files: Array.from({ length: 400 }, (_, n) => `assets/${String(n)}.js`) }));
const sha256 = sha256Of(DOCUMENT);
const PLAIN = targetCopyPath('manifest.json', sha256);
const GZIP = gzipCopyPath('manifest.json', sha256);
const kind = { path: 'manifest.json', branch: 'stable', what: 'the manifest', maxBytes: 1_000_000, retries: 0 };
const target = { path: 'manifest.json', length: DOCUMENT.length, sha256, isGzipped: true, signedBy: { role: 'targets', keys: [], until: '' } };

/** A site with these files, and a device that reads it. */
async function site(files: Readonly<Record<string, Buffer>>) {
  for (const [path, content] of Object.entries(files)) {
    fs.mkdirSync(dirname(join(dir(), path)), { recursive: true });
    fs.writeFileSync(join(dir(), path), content);
  }
  const server = await siteServer(dir());
  const on = device();
  on.configure({ url: server.url });
  const deps = netDeps(on);
  const request = (more: Partial<typeof target> = {}) => requestTarget(deps, deps.loadConfig(), kind, { ...target, ...more });
  return { server, deps, request };
}

describe('a document that is signed', () => {
  it('comes in gzip, and is what was signed', async () => {
    const gzip = gzipSync(DOCUMENT);
    const { server, deps, request } = await site({ [GZIP]: gzip, [PLAIN]: DOCUMENT });
    expect((await request()).bytes).toEqual(DOCUMENT);
    expect(server.paths()).toEqual([`/${GZIP}`]);
    expect(gzip.length).toBeLessThan(DOCUMENT.length / 3);
    expect(deps.said).toEqual([]);
  });

  it('comes in gzip as well from a server that takes the gzip for an encoding of its own', async () => {
    const { server, request } = await site({ [PLAIN]: DOCUMENT });
    server.answer(`/${GZIP}`, (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(DOCUMENT));
    });
    expect((await request()).bytes).toEqual(DOCUMENT);
    expect(server.paths()).toEqual([`/${GZIP}`]);
  });

  it('is asked for as it is where the metadata says nothing of gzip', async () => {
    const { server, request } = await site({ [GZIP]: gzipSync(DOCUMENT), [PLAIN]: DOCUMENT });
    expect((await request({ isGzipped: false })).bytes).toEqual(DOCUMENT);
    expect(server.paths()).toEqual([`/${PLAIN}`]);
  });

  it('is asked for under its plain name last', async () => {
    const { server, request } = await site({ 'manifest.json': DOCUMENT });
    expect((await request()).bytes).toEqual(DOCUMENT);
    expect(server.paths()).toEqual([`/${GZIP}`, `/${PLAIN}`, '/manifest.json']);
  });

  it.each<[string, Buffer, string]>([
    ['damaged', gzipSync(DOCUMENT).subarray(0, -9), 'cannot be decoded'],
    ['that of another document', gzipSync(Buffer.from('{}')), 'mismatch'],
    ['no gzip at all', Buffer.alloc(2000, 7), 'cannot be decoded'],
    ['a bomb', gzipSync(Buffer.alloc(5_000_000)), `more than ${String(DOCUMENT.length)} bytes`],
    ['longer than the document may be', Buffer.alloc(DOCUMENT.length + 1, 7), `at most ${String(DOCUMENT.length)} are allowed`],
    ['a page', Buffer.from('<!doctype html><title>Not found</title>'), 'page'],
  ])('is asked for as it is where the gzip is %s', async (_what, gzip, says) => {
    const { server, deps, request } = await site({ [GZIP]: gzip, [PLAIN]: DOCUMENT });
    expect((await request()).bytes).toEqual(DOCUMENT);
    expect(server.paths()).toEqual([`/${GZIP}`, `/${PLAIN}`]);
    expect(deps.said).toEqual([containing(says)]);
    expect(deps.said).toEqual([containing('asking for the uncompressed one')]);
  });

  it('is refused when its plain copy is another document', async () => {
    const { request } = await site({ [PLAIN]: Buffer.from('{}') });
    await expect(request()).rejects.toMatchObject({ code: 'METADATA_MISMATCH' });
  });

  it('is not asked for twice of a server that fails', async () => {
    const { server, request } = await site({ [PLAIN]: DOCUMENT });
    server.answer(`/${GZIP}`, (_request, response) => {
      response.writeHead(503).end();
    });
    await expect(request()).rejects.toMatchObject({ code: 'SERVER_ERROR' });
    expect(server.paths()).toEqual([`/${GZIP}`]);
  });

  it('comes from a folder as from a server', async () => {
    const { deps } = await site({ [GZIP]: gzipSync(DOCUMENT), [PLAIN]: Buffer.alloc(0) });
    const config = deps.loadConfig();
    const stick = { ...config, source: { ...config.source, type: 'static' as const, url: new URL(`file://${dir()}/`).href } };
    expect((await requestTarget(deps, stick, kind, target)).bytes).toEqual(DOCUMENT);
  });
});
