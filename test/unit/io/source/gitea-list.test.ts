import { afterEach, beforeEach, expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { repositoryAt } from '../../../../lib/core/network/gitea-address.ts';
import type { ListRequest } from '../../../../lib/io/source/gitea-list.ts';
import { listReleases } from '../../../../lib/io/source/gitea-list.ts';
import type { GiteaServer } from '../../../helpers/gitea-server.ts';
import { WRITER, giteaServer } from '../../../helpers/gitea-server.ts';

let server: GiteaServer;
beforeEach(async () => {
  server = await giteaServer({ pageSize: 2 });
  for (const tag of ['a', 'b', 'c']) server.add({ tag, draft: tag === 'b' });
});
afterEach(async () => {
  await server.close();
});

async function tags(request: Partial<ListRequest> = {}): Promise<string[]> {
  const repository = repositoryAt(server.url);
  if (repository === null) throw new Error('no repository');
  const signal = new AbortController().signal;
  const releases = await listReleases({
    repository,
    headers: {},
    branch: null,
    userAgent: 'test',
    timeoutMs: 20_000,
    signal,
    failure: () => null,
    ...request,
  });
  return releases.map(({ tag_name: tag }) => tag);
}

it('takes every page', async () => {
  expect(await tags()).toEqual(['c', 'a']);
  expect(await tags({ headers: { authorization: `token ${WRITER}` } })).toEqual(['c', 'b', 'a']);
  expect(server.requests.map(({ url }) => url.replace(/.*\?/, ''))).toEqual(['limit=50&page=1', 'limit=50&page=1', 'limit=50&page=2']);
});

it('lets who asks say what an answer means', async () => {
  const failure = ({ status }: { status: number }): UpdateError => new UpdateError('BUSY', `got ${String(status)}`);
  await expect(tags({ failure })).rejects.toMatchObject({ code: 'BUSY', message: 'got 200' });
});

it('asks for a branch on each page', async () => {
  server.options.pageSize = 1;
  await tags({ branch: 'beta' });
  expect(server.requests.map(({ url }) => url.replace(/.*\?/, ''))).toEqual(['limit=50&page=1&branch=beta', 'limit=50&page=2&branch=beta']);
});
