/** A signed site on Gitea, by the commands that people use, read by the client that devices have. */
import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseConfig } from '../../../../lib/core/device/config.ts';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { getDocument } from '../../../../lib/io/http/document.ts';
import { plainWire } from '../../../../lib/io/http/wire.ts';
import { giteaSource } from '../../../../lib/io/source/gitea-source.ts';
import { openMetadata } from '../../../../lib/io/trust/metadata-client.ts';
import type { GiteaServer } from '../../../helpers/gitea-server.ts';
import { WRITER, giteaServer } from '../../../helpers/gitea-server.ts';
import { containing } from '../../../helpers/matchers.ts';
import type { Ran, ReleaseBench } from '../../../helpers/signed-site.ts';
import { PASSPHRASE, signedBench } from '../../../helpers/signed-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { memoryStore } from '../../../helpers/tuf-repository.ts';

const dir = useTempDir();
const DEPS = { env: { PIKIT_KEY_PASSPHRASE: PASSPHRASE, PIKIT_RELEASE_TOKEN: WRITER } };
let server: GiteaServer;
let bench: ReleaseBench;

beforeEach(async () => {
  server = await giteaServer({ storage: true });
  bench = await signedBench(dir());
});
afterEach(async () => {
  await server.close();
});

const run = (line: string): Promise<Ran> => bench.run(line.replace('URL', `gitea:${server.url}`), DEPS);
async function done(line: string): Promise<string> {
  const { code, out, err } = await run(line);
  if (code !== 0) throw new Error(`'${line}' ended with ${String(code)}:\n${out}${err}`);
  return out;
}

interface Checked {
  version: string;
  requests: number;
  listed: boolean;
}

/** A signed check: what is offered, and how much was asked for it. */
async function check(store: Map<string, Buffer>, initialRoot: Buffer): Promise<Checked> {
  server.requests.length = 0;
  const config = parseConfig({ source: { type: 'gitea', url: server.url } }, 'update.toml');
  const source = giteaSource(config, { userAgent: 'test', openWire: () => plainWire({}), readToken: () => null });
  const signal = new AbortController().signal;
  const get = async (path: string, maxBytes: number): Promise<Buffer | null> => {
    try {
      const { url, headers, inspect } = await source.locate(path, { branch: 'stable', what: path, signal });
      const request = { what: path, maxBytes, timeoutMs: 60_000, signal, headers, validators: null, userAgent: 'test' };
      const answer = await getDocument(url, { ...request, ...(inspect === undefined ? {} : { inspect }) });
      return answer.is === 'new' ? answer.bytes : null;
    } catch (error) {
      if (error instanceof UpdateError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
  };
  const client = openMetadata({
    initialRoot,
    store: memoryStore(store),
    source: { get: (name, maxBytes) => get(`tuf/${name}`, maxBytes) },
    now: new Date('2026-11-21T00:00:00Z'),
  });
  const { changed } = await client.refresh();
  const target = await client.target('manifest.json');
  const copy = changed && target !== null ? await get(`tuf/targets/${target.sha256}.manifest.json`, 1_000_000) : null;
  const version = /"version": ?"([^"]+)"/.exec(copy?.toString() ?? '')?.[1] ?? 'unchanged';
  return { version, requests: server.requests.length, listed: server.requests.some(({ url }) => url.startsWith('/api/')) };
}

it('is published, found by devices with two requests a check, and taken over where its folder is lost', async () => {
  const root = fs.readFileSync(join(bench.site, 'tuf/1.root.json'));
  await done('publish --site SITE --to URL');
  expect(Object.keys(server.summary())).toEqual(['tuf prerelease', 'v1.0.0']);
  const device = new Map<string, Buffer>();
  expect(await check(device, root)).toEqual({ version: '1.0.0', requests: 5, listed: false });
  expect(await check(device, root)).toEqual({ version: 'unchanged', requests: 2, listed: false });
  expect(await done('publish --site SITE --to URL --json')).toContain('"done": []');

  await done('init --from URL --site BASE/new');
  for (const name of fs.readdirSync(join(dir(), 'new/tuf')).filter((one) => one.endsWith('.json')))
    expect(fs.readFileSync(join(dir(), 'new/tuf', name))).toEqual(fs.readFileSync(join(bench.site, 'tuf', name)));
  await done('verify --site BASE/new');
  await done('build --site BASE/new --keys KEYS --from BASE/tree --version 1.1.0');
  await done('publish --site BASE/new --to URL');
  expect(await check(device, root)).toMatchObject({ version: '1.1.0', listed: false });

  // The folder that was lost turns up again, and goes on where it was.
  await done('build --site SITE --from BASE/tree --version 1.2.0');
  const before = JSON.stringify(server.releases);
  const { code, err } = await run('publish --site SITE --to URL');
  expect([code, err]).toEqual([1, expect.stringContaining('init --from gitea:')]);
  expect(JSON.stringify(server.releases)).toBe(before);
});

it('takes no unsigned site, and no part of a signed one', async () => {
  await done('publish --site SITE --to URL');
  await done('init --unsigned --site BASE/plain');
  await done('build --site BASE/plain --from BASE/tree --version 2.0.0');
  const before = JSON.stringify(server.releases);
  expect(await run('publish --site BASE/plain --to URL')).toMatchObject({
    code: 1,
    err: containing('unsigned releases do not belong there'),
  });
  expect(await run('publish --site SITE --branch stable --to URL')).toMatchObject({ code: 2 });
  expect(JSON.stringify(server.releases)).toBe(before);
});
