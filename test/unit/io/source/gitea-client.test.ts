import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repositoryAt } from '../../../../lib/core/network/gitea-address.ts';
import type { GiteaClient } from '../../../../lib/io/source/gitea-client.ts';
import { giteaClient } from '../../../../lib/io/source/gitea-client.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import type { GiteaServer } from '../../../helpers/gitea-server.ts';
import { WRITER, giteaServer } from '../../../helpers/gitea-server.ts';
import { matching } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
let server: GiteaServer;
beforeEach(async () => {
  server = await giteaServer({}, '/git');
});
afterEach(async () => {
  await server.close();
});

function client(token = WRITER): GiteaClient {
  const repository = repositoryAt(server.url);
  if (repository === null) throw new Error('no repository');
  return giteaClient(repository, { token, signal: new AbortController().signal });
}

it('makes a release: a draft, assets, public; and says what it makes', async () => {
  const gitea = client();
  const bytes = Buffer.alloc(200_000, 'bundle');
  fs.writeFileSync(join(dir(), 'file'), bytes);
  const release = await gitea.create({ tag: 'v1.0.0', name: '1.0.0', body: 'words', prerelease: true });
  expect(release).toMatchObject({ tag_name: 'v1.0.0', draft: true, prerelease: true, body: 'words', assets: [] });
  await gitea.upload(release, 'a b.tar.gz', join(dir(), 'file'));
  await gitea.upload(release, 'a b.tar.gz', join(dir(), 'file'));
  const [listed] = await gitea.list();
  expect(listed?.assets.map(({ name, size }) => `${name} ${String(size)}`)).toEqual(['a b.tar.gz 200000', 'a b.tar.gz 200000']);
  const [first] = listed?.assets ?? [];
  if (first === undefined) throw new Error('no asset');
  await gitea.remove(release, first);
  expect((await gitea.read(release, 'a b.tar.gz', 1_000_000))?.equals(bytes)).toBe(true);
  await gitea.show(release, false);
  expect(server.releases).toMatchObject([{ tag: 'v1.0.0', draft: false, prerelease: false, assets: [{ name: 'a b.tar.gz' }] }]);
  expect(server.requests.every(({ authorization }) => authorization === `token ${WRITER}`)).toBe(true);
  expect(server.requests.map(({ method, url }) => `${method} ${url.replace(/\d+/g, 'N')}`)).toEqual([
    'POST /git/api/vN/repos/owner/repo/releases',
    'POST /git/api/vN/repos/owner/repo/releases/N/assets?name=a%Nb.tar.gz',
    'POST /git/api/vN/repos/owner/repo/releases/N/assets?name=a%Nb.tar.gz',
    'GET /git/api/vN/repos/owner/repo/releases?limit=N&page=N',
    'DELETE /git/api/vN/repos/owner/repo/releases/N/assets/N',
    'GET /git/owner/repo/releases/download/vN.N.N/a%Nb.tar.gz',
    'PATCH /git/api/vN/repos/owner/repo/releases/N',
  ]);
});

describe('what is there', () => {
  it.each<[string, string, number, string | null]>([
    ['read', 'manifest.json', 100, 'hello'],
    ['not-there', 'manifest_beta.json', 100, null],
    ['too-large-to-be-ours', 'manifest.json', 4, null],
  ])('is %s', async (_name, name, maxBytes, expected) => {
    server.add({ tag: 'v1.0.0', assets: { 'manifest.json': 'hello' } });
    const [release] = await client().list();
    if (release === undefined) throw new Error('no release');
    expect((await client().read(release, name, maxBytes))?.toString() ?? null).toBe(expected);
  });

  it.each([
    ['right', sha256('hello'), 5, true],
    ['wrong', sha256('other'), 5, false],
    ['of another size', sha256('hello'), 6, false],
  ])('is compared by its bytes: %s', async (_name, digest, size, expected) => {
    server.add({ tag: 'v1.0.0', assets: { 'b.tar.gz': 'hello' } });
    const [release] = await client().list();
    if (release === undefined) throw new Error('no release');
    expect(await client().holds(release, { name: 'b.tar.gz', size }, digest)).toBe(expected);
    expect(await client().holds(release, { name: 'none.tar.gz', size }, digest)).toBe(false);
  });
});

describe('a failure', () => {
  it('names what was tried, and never the token', async () => {
    const wrong = 'a-token-that-is-unknown';
    const failure: unknown = await client(wrong)
      .create({ tag: 'v1.0.0', name: '', body: '', prerelease: false })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'HTTP_STATUS', message: matching('^creating the release v1.0.0: ') });
    server.options.refuse = { status: 500, body: JSON.stringify({ message: `who is ${wrong}?` }) };
    const echo: unknown = await client(wrong)
      .show({ id: 1, tag_name: 'v1.0.0', draft: false, prerelease: false, created_at: 0, assets: [] }, false)
      .catch((error: unknown) => error);
    expect(echo).toMatchObject({ message: matching(/who is \*\*\*\?/) });
    for (const error of [failure, echo]) expect(JSON.stringify(error) + String(error)).not.toContain(wrong);
  });

  it('of a server that says something else than a release is one', async () => {
    server.options.refuse = { status: 201, body: '<html>' };
    await expect(client().create({ tag: 'v1.0.0', name: '', body: '', prerelease: false })).rejects.toMatchObject({ code: 'HTTP_PROTOCOL' });
  });

  it('of an upload that is not all there', async () => {
    const release = await client().create({ tag: 'v1.0.0', name: '', body: '', prerelease: false });
    fs.writeFileSync(join(dir(), 'file'), 'hello');
    server.options.refuse = { status: 201, body: '{"id":1,"name":"x","size":4}' };
    await expect(client().upload(release, 'x', join(dir(), 'file'))).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
      message: matching('expected 5, got 4'),
    });
  });
});
