import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../lib/core/device/config.ts';
import { getDocument } from '../../../../lib/io/http/document.ts';
import { download } from '../../../../lib/io/http/download.ts';
import { giteaSource } from '../../../../lib/io/source/gitea-source.ts';
import type { SourceLocation, Source } from '../../../../lib/io/source/source.ts';
import { plainWire } from '../../../../lib/io/http/wire.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import type { GiteaOptions, GiteaServer } from '../../../helpers/gitea-server.ts';
import { READER, WRITER, giteaServer } from '../../../helpers/gitea-server.ts';
import { matching } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const signal = new AbortController().signal;
const BUNDLE = Buffer.alloc(100_000, 'bundle');
const ASSETS = { 'manifest.json': '{"stable":1}', 'pikit-1.4.0.tar.gz': BUNDLE, 'branches.json': '[]' };

let server: GiteaServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function start(options: Partial<GiteaOptions> = {}, folder = ''): Promise<GiteaServer> {
  server = await giteaServer(options, folder);
  server.add({ tag: 'v1.4.0', assets: ASSETS });
  return server;
}

function sourceOf(url: string, token: string | null = null): Source {
  const config = parseConfig({ source: { type: 'gitea', url } }, 'update.toml');
  return giteaSource(config, { userAgent: 'pikit-update/test', openWire: () => plainWire({}), readToken: () => token });
}

function locate(source: Source, path: string, branch = 'stable'): Promise<SourceLocation> {
  return source.locate(path, { branch, what: 'the file', signal });
}

async function read({ url, headers, inspect }: SourceLocation, validators: { etag: string | null } | null = null): Promise<string> {
  const answer = await getDocument(url, {
    ...(inspect === undefined ? {} : { inspect }),
    what: 'the file',
    maxBytes: 1_000_000,
    timeoutMs: 20_000,
    signal,
    headers,
    validators: validators === null ? null : { ...validators, lastModified: null },
    userAgent: 'pikit-update/test',
  });
  return answer.is === 'unchanged' ? 'unchanged' : `${answer.bytes.toString()} ${String(answer.etag)}`;
}

async function fetchBundle({ url, headers }: SourceLocation): Promise<Buffer> {
  const file = join(dir(), 'bundle');
  await download(url, {
    what: 'the bundle',
    file,
    sizeBytes: BUNDLE.length,
    sha256: sha256(BUNDLE),
    maxBytes: 1_000_000,
    deadlineMs: 20_000,
    minRate: 0,
    maxRate: 0,
    signal,
    headers,
    userAgent: 'pikit-update/test',
    onProgress: () => undefined,
  });
  return fs.readFileSync(file);
}

describe('a repository', () => {
  it.each([
    ['at the root of its host', ''],
    ['in a folder of its host', '/git'],
  ])('%s gives every file of the layout, with one look at its list', async (_name, folder) => {
    const gitea = await start({}, folder);
    const source = sourceOf(`${gitea.url}/`);
    expect(source.name).toBe(gitea.url.replace('http://', ''));
    expect(await read(await locate(source, 'branches.json'))).toContain('[]');
    expect(await read(await locate(source, 'manifest.json'))).toContain('{"stable":1}');
    expect((await fetchBundle(await locate(source, 'bundles/pikit-1.4.0.tar.gz'))).equals(BUNDLE)).toBe(true);
    expect(gitea.requests.map(({ url }) => url.replace(folder, ''))).toEqual([
      '/api/v1/repos/owner/repo/releases?limit=50&page=1',
      '/owner/repo/releases/download/v1.4.0/branches.json',
      '/owner/repo/releases/download/v1.4.0/manifest.json',
      '/owner/repo/releases/download/v1.4.0/pikit-1.4.0.tar.gz',
    ]);
  });

  it('with nothing new is asked three times a check, and answers twice with 304', async () => {
    const gitea = await start();
    const etags = [];
    for (const path of ['branches.json', 'manifest.json']) etags.push((await read(await locate(sourceOf(gitea.url), path))).split(' ')[1] ?? '');
    gitea.requests.length = 0;
    const source = sourceOf(gitea.url);
    for (const [index, path] of ['branches.json', 'manifest.json'].entries()) {
      expect(await read(await locate(source, path), { etag: etags[index] ?? '' })).toBe('unchanged');
    }
    expect(gitea.requests.map(({ status }) => status)).toEqual([200, 304, 304]);
  });

  it('is told which branch asks, if it is not stable', async () => {
    const gitea = await start();
    gitea.add({ tag: 'v2.0.0-beta.1', prerelease: true, assets: { 'manifest_beta.json': '{}' } });
    expect((await locate(sourceOf(gitea.url), 'manifest_beta.json', 'beta')).url.pathname).toBe(
      '/owner/repo/releases/download/v2.0.0-beta.1/manifest_beta.json',
    );
    expect(gitea.requests.map(({ url }) => url)).toEqual(['/api/v1/repos/owner/repo/releases?limit=50&page=1&branch=beta']);
  });

  it('is not believed about what is the latest', async () => {
    const gitea = await start();
    gitea.add({ tag: 'v1.3.9', assets: { 'manifest.json': '{}' } });
    gitea.add({ tag: 'v9.0.0', draft: true, assets: { 'manifest.json': '{}' } });
    expect(gitea.latest()?.tag).toBe('v1.3.9');
    expect((await locate(sourceOf(gitea.url, WRITER), 'manifest.json')).url.pathname).toContain('/v1.4.0/');
  });

  it.each([
    ['as many as the server likes', { pageSize: 3 }, 4],
    ['until nothing comes, where no header tells how many there are', { pageSize: 3, pageHeaders: false }, 5],
    ['all on one', { pageSize: 50 }, 1],
  ])('has pages: %s', async (_name, options, pages) => {
    const gitea = await start(options);
    for (let patch = 1; patch <= 10; patch += 1) gitea.add({ tag: `v1.3.${String(patch)}`, assets: { 'manifest.json': '{}' } });
    expect((await locate(sourceOf(gitea.url), 'manifest.json')).url.pathname).toContain('/v1.4.0/');
    expect(gitea.requests).toHaveLength(pages);
  });

  it('without end is left after twenty pages', async () => {
    const gitea = await start({ pageSize: 1 });
    for (let patch = 1; patch <= 20; patch += 1) gitea.add({ tag: `v1.3.${String(patch)}` });
    await expect(locate(sourceOf(gitea.url), 'manifest.json')).rejects.toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
      message: matching('more than 20 pages'),
    });
    expect(gitea.requests).toHaveLength(20);
  });

  it('that was renamed is found under its old name', async () => {
    const gitea = await start({ formerName: 'old/name', isPrivate: true });
    const source = sourceOf(gitea.url.replace('owner/repo', 'old/name'), READER);
    expect(await read(await locate(source, 'manifest.json'))).toContain('{"stable":1}');
    expect(gitea.requests.map(({ status, authorization }) => `${String(status)} ${String(authorization)}`)).toEqual([
      '307 token token-of-a-reader',
      '200 token token-of-a-reader',
      '301 token token-of-a-reader',
      '200 token token-of-a-reader',
    ]);
  });

  it('may have its assets on another host, which gets no token', async () => {
    const gitea = await start({ storage: true, isPrivate: true });
    const source = sourceOf(gitea.url, READER);
    expect(await read(await locate(source, 'manifest.json'))).toContain('{"stable":1}');
    expect((await fetchBundle(await locate(source, 'bundles/pikit-1.4.0.tar.gz'))).equals(BUNDLE)).toBe(true);
    expect(gitea.requests.map(({ authorization }) => authorization)).toEqual(Array(3).fill(`token ${READER}`));
    expect(gitea.storageRequests.map(({ authorization, status }) => [authorization, status])).toEqual([
      [null, 200],
      [null, 200],
    ]);
  });

  it('is asked again after a failure', async () => {
    const gitea = await start();
    const source = sourceOf(gitea.url);
    gitea.options.refuse = { status: 502 };
    await expect(locate(source, 'manifest.json')).rejects.toMatchObject({ code: 'SERVER_ERROR' });
    gitea.options.refuse = null;
    expect((await locate(source, 'manifest.json')).url.pathname).toContain('/v1.4.0/');
  });
});

describe('a repository that cannot be read', () => {
  const HOTEL = { status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html><h1>Welcome to the hotel</h1>' };
  it.each<[string, Partial<GiteaOptions>, string | null, string, string]>([
    ['private-without-token', { isPrivate: true }, null, 'NOT_FOUND', 'or it is private'],
    ['wrong-token', {}, 'wrong', 'HTTP_STATUS', 'does not accept the token'],
    ['forbidden', { refuse: { status: 403 } }, READER, 'HTTP_STATUS', 'does not let the token of this device read'],
    ['limit', { refuse: { status: 429, headers: { 'retry-after': '3600' } } }, READER, 'SERVER_ERROR', 'allows no more requests now'],
    ['broken', { refuse: { status: 500 } }, null, 'SERVER_ERROR', 'HTTP 500'],
    ['captive-portal', { refuse: HOTEL }, null, 'CAPTIVE_PORTAL', 'sent a web page instead of the list of releases'],
    ['other-json', { refuse: { status: 200, body: '{"message":"hello"}' } }, null, 'HTTP_PROTOCOL', 'is invalid'],
    ['leads-away', { refuse: { status: 302, headers: { location: 'file:///etc/passwd' } } }, READER, 'REDIRECT_REFUSED', "'file:' is not allowed"],
  ])('%s', async (_name, options, token, code, message) => {
    const gitea = await start(options);
    const failure: unknown = await locate(sourceOf(gitea.url, token), 'manifest.json').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, message: matching(message) });
    expect(JSON.stringify(failure) + String(failure)).not.toContain(token ?? 'no token at all');
  });

  it.each([
    ['manifest_beta.json', "the file is not at '127.0.0.1:\\d+/owner/repo': its release 'v1.4.0' has no asset 'manifest_beta.json'"],
    ['bundles/pikit-1.5.0.tar.gz', "its release 'v1.4.0' has no asset 'pikit-1.5.0.tar.gz'"],
  ])('has no asset %s', async (path, message) => {
    const gitea = await start();
    await expect(locate(sourceOf(gitea.url), path)).rejects.toMatchObject({ code: 'NOT_FOUND', message: matching(message) });
  });

  it('cannot lead anybody away with the addresses in its list', async () => {
    const gitea = await start();
    const list = [
      {
        id: 1,
        tag_name: 'v1.4.0',
        created_at: '',
        assets: [{ id: 1, name: 'manifest.json', size: 1, browser_download_url: 'http://169.254.169.254/' }],
      },
    ];
    gitea.options.refuse = { status: 200, headers: { 'x-total-count': '1' }, body: JSON.stringify(list) };
    expect((await locate(sourceOf(gitea.url), 'manifest.json')).url.href).toBe(`${gitea.url}/releases/download/v1.4.0/manifest.json`);
  });

  it('ends as soon as it is cancelled', async () => {
    const gitea = await start();
    const request = { branch: 'stable', what: 'the file', signal: AbortSignal.abort() };
    await expect(sourceOf(gitea.url).locate('manifest.json', request)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('signed metadata', () => {
  const SHA = 'ab'.repeat(32);
  const METADATA = { '1.root.json': '{"root":1}', 'timestamp.json': '{"timestamp":7}', [`${SHA}.manifest_beta.json`]: '{"beta":1}' };
  async function signed(options: Partial<GiteaOptions> = {}, folder = ''): Promise<GiteaServer> {
    const gitea = await start(options, folder);
    gitea.add({ tag: 'tuf', prerelease: true, assets: METADATA });
    return gitea;
  }
  const look = async (source: Source, path: string): Promise<string> => await read(await locate(source, path));

  it('with nothing new is two requests, and none to the API', async () => {
    const gitea = await signed({}, '/git');
    const source = sourceOf(gitea.url);
    await expect(look(source, 'tuf/2.root.json')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await look(source, 'tuf/timestamp.json')).toContain('{"timestamp":7}');
    expect(gitea.requests.map(({ url, status }) => `${url} ${String(status)}`)).toEqual([
      '/git/owner/repo/releases/download/tuf/2.root.json 404',
      '/git/owner/repo/releases/download/tuf/timestamp.json 200',
    ]);
  });

  it('has copies of documents under the last part of their path', async () => {
    const gitea = await signed();
    expect(await look(sourceOf(gitea.url), `tuf/targets/${SHA}.manifest_beta.json`)).toContain('{"beta":1}');
    await expect(look(sourceOf(gitea.url), `tuf/targets/${SHA}.manifest.json`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(gitea.requests.every(({ url }) => url.startsWith('/owner/repo/releases/download/tuf/'))).toBe(true);
  });

  it('is read from a private repository, from storage on another host and under an old name of the repository', async () => {
    const gitea = await signed({ storage: true, isPrivate: true, formerName: 'old/name' });
    const source = sourceOf(gitea.url.replace('owner/repo', 'old/name'), READER);
    expect(await look(source, 'tuf/timestamp.json')).toContain('{"timestamp":7}');
    expect(gitea.requests.map(({ status, authorization }) => `${String(status)} ${String(authorization)}`)).toEqual([
      `301 token ${READER}`,
      `302 token ${READER}`,
    ]);
    expect(gitea.storageRequests.map(({ authorization, status }) => [authorization, status])).toEqual([[null, 200]]);
  });

  it('is what GitHub has at the same address, without a token', async () => {
    const located = await locate(sourceOf('https://github.com/owner/repo', READER), 'tuf/timestamp.json');
    expect([located.url.href, located.headers]).toEqual(['https://github.com/owner/repo/releases/download/tuf/timestamp.json', {}]);
  });

  const HOTEL = { status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html><h1>Welcome to the hotel</h1>' };
  const LIMIT = { status: 429, headers: { 'retry-after': '3600' } };
  it.each<[string, Partial<GiteaOptions>, string | null, string, string, string]>([
    ['private-without-token', { isPrivate: true }, null, 'NOT_FOUND', 'or the repository is private', 'needs a token in /etc/pikit/source-token'],
    ['wrong-token', {}, 'wrong', 'HTTP_STATUS', 'does not accept the token of this device', 'put a valid one'],
    ['forbidden', { refuse: { status: 403 } }, READER, 'HTTP_STATUS', 'does not let the token of this device read', 'read:repository'],
    ['login', { refuse: { status: 401 } }, null, 'HTTP_STATUS', 'requires a login', 'put a token that may read'],
    ['login-page', { requiresLogin: true }, null, 'HTTP_STATUS', 'requires a login', 'put a token that may read'],
    ['limit', { refuse: LIMIT }, READER, 'SERVER_ERROR', 'allows no more requests now', 'try again in 60 min'],
    ['broken', { refuse: { status: 500 } }, null, 'SERVER_ERROR', 'HTTP 500', 'try again later'],
    ['captive-portal', { refuse: HOTEL }, null, 'CAPTIVE_PORTAL', 'sent a web page instead of the file', 'log in'],
    ['leads-away', { refuse: { status: 302, headers: { location: 'file:///etc/passwd' } } }, READER, 'REDIRECT_REFUSED', 'not allowed', 'log'],
  ])('that cannot be read: %s', async (_name, options, token, code, message, hint) => {
    const gitea = await signed(options);
    const failure: unknown = await look(sourceOf(gitea.url, token), 'tuf/timestamp.json').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, message: matching(message), hint: matching(hint) });
    expect(JSON.stringify(failure) + String(failure)).not.toContain(token ?? 'no token at all');
  });

  it('of which the storage says no is not a wrong token', async () => {
    const gitea = await signed({ storage: true });
    const located = await locate(sourceOf(gitea.url, READER), 'tuf/timestamp.json');
    gitea.options.storageRefuses = true;
    await expect(read(located)).rejects.toMatchObject({ code: 'HTTP_STATUS', message: matching('answered HTTP 403 for the file') });
  });

  it('is no release: not for versions, branches, manifests or bundles', async () => {
    const gitea = await start();
    gitea.add({ tag: 'tuf', assets: { ...METADATA, ...ASSETS, 'manifest_beta.json': '{}', 'pikit-9.0.0.tar.gz': 'x' } });
    const source = sourceOf(gitea.url);
    for (const [path, branch] of [
      ['manifest.json', 'stable'],
      ['branches.json', 'stable'],
      ['bundles/pikit-1.4.0.tar.gz', 'stable'],
    ] as const) {
      expect((await locate(source, path, branch)).url.pathname).toContain('/download/v1.4.0/');
    }
    for (const path of ['manifest_beta.json', 'bundles/pikit-9.0.0.tar.gz'])
      await expect(locate(source, path, 'beta')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await source.versions({ branch: 'stable', what: 'the list', signal })).toEqual(['1.4.0']);
    expect(await source.versions({ branch: 'beta', what: 'the list', signal })).toEqual([]);
  });
});
