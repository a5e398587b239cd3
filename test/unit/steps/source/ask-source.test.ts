import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { askSource, shownPlace } from '../../../../lib/steps/source/ask-source.ts';
import { device, netDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { siteServer } from '../site-server.ts';

const dir = useTempDir();

const file = { path: 'manifest.json', branch: 'stable', what: 'the manifest', maxBytes: 1000, retries: 1 };

async function asking() {
  fs.writeFileSync(join(dir(), 'manifest.json'), '{"version":"1.0.0"}');
  const server = await siteServer(dir());
  const on = device();
  on.configure({ url: server.url });
  fs.writeFileSync(on.paths.config, fs.readFileSync(on.paths.config, 'utf8').replace('retries = 0', 'retries = 1'));
  const deps = netDeps(on);
  return { server, deps, config: deps.loadConfig() };
}

it('asks without conditions, or with the validator of what is known at this very address', async () => {
  const { server, deps, config } = await asking();
  const { located, answer } = await askSource(deps, config, file, null);
  expect(answer).toMatchObject({ is: 'new', bytes: Buffer.from('{"version":"1.0.0"}') });
  const etag = answer.is === 'new' ? answer.etag : null;
  const known = { source: '', url: located.url.href, etag, last_modified: null, sha256: '', full_at: null, until: null };
  expect((await askSource(deps, config, file, known)).answer).toEqual({ is: 'unchanged' });
  expect((await askSource(deps, config, file, { ...known, url: 'http://elsewhere/' })).answer).toMatchObject({ is: 'new' });
  expect(server.seen.map(({ ifNoneMatch }) => ifNoneMatch)).toEqual([null, etag, null]);
});

it('tries again after an error of the network, and says so', async () => {
  const { server, deps, config } = await asking();
  server.answer('/manifest.json', (_request, response) => {
    server.answer('/manifest.json', null);
    response.destroy();
  });
  expect((await askSource(deps, config, file, null)).answer).toMatchObject({ is: 'new' });
  expect(deps.said).toEqual([containing('retrying')]);
});

it('shows a folder by its path, and a server without the query', () => {
  expect(shownPlace(new URL('file:///media/stick/manifest.json'))).toBe('/media/stick/manifest.json');
  expect(shownPlace(new URL('https://example.org/a/b.json?branch=x'))).toBe('https://example.org/a/b.json');
});
