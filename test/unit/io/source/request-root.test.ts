import fs from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../../../lib/core/device/config.ts';
import { plainWire } from '../../../../lib/io/http/wire.ts';
import { sourceOpener } from '../../../../lib/io/source/open-source.ts';
import { requestRoot } from '../../../../lib/io/source/request-root.ts';
import { giteaServer } from '../../../helpers/gitea-server.ts';
import { temporary } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { releaseServer } from '../../../helpers/release-server.ts';

function access(url: string, type = 'static') {
  const openWire = () => plainWire({});
  return {
    config: parseConfig({ source: { type, url }, limits: { retries: 0 } }, 'update.toml'),
    openSource: sourceOpener({ userAgent: 'test', openWire, readToken: () => null }),
    openWire,
    userAgent: 'test',
    signal: new AbortController().signal,
    onRetry: () => undefined,
  };
}

it('gets the root of a site on a server, past every cache, and says where it is from', async () => {
  const server = await releaseServer();
  onTestFinished(server.close);
  server.at('/site/tuf/root.json', { body: '{"signed": 1}' });
  const url = new URL('/site', server.url('')).href;
  const root = await requestRoot(access(url));
  expect([root.bytes.toString(), root.place]).toEqual(['{"signed": 1}', `${url}/tuf/root.json`]);
  expect(server.requests[0]?.headers['cache-control']).toBe('no-cache');
});

it('gets that of a folder', async () => {
  const dir = temporary();
  fs.mkdirSync(join(dir, 'tuf'));
  fs.writeFileSync(join(dir, 'tuf/root.json'), '{}');
  expect(await requestRoot(access(pathToFileURL(dir).href))).toEqual({ bytes: Buffer.from('{}'), place: join(dir, 'tuf/root.json') });
});

it('says of a source without one that it does not sign', async () => {
  const dir = temporary();
  fs.mkdirSync(join(dir, 'tuf'));
  fs.writeFileSync(join(dir, 'tuf/timestamp.json'), '{}');
  await expect(requestRoot(access(pathToFileURL(dir).href))).rejects.toMatchObject({
    code: 'SIGNATURE_MISSING',
    message: `the source '${dir}/' does not sign its releases: it has no 'tuf/root.json'`,
  });
});

it('takes no more than 64 KiB', async () => {
  const dir = temporary();
  fs.mkdirSync(join(dir, 'tuf'));
  fs.writeFileSync(join(dir, 'tuf/root.json'), Buffer.alloc(64 * 1024 + 1, ' '));
  await expect(requestRoot(access(pathToFileURL(dir).href))).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
});

it.each([
  ['that is private', { isPrivate: true }, 'SIGNATURE_MISSING', 'a private repository needs a token'],
  ['that wants a login', { requiresLogin: true }, 'HTTP_STATUS', 'put a token that may read the repository'],
])('says what a repository %s needs', async (_name, options, code, hint) => {
  const gitea = await giteaServer(options);
  onTestFinished(gitea.close);
  await expect(requestRoot(access(gitea.url, 'gitea'))).rejects.toMatchObject({ code, hint: containing(hint) });
});
