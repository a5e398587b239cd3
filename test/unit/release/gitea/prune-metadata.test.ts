import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sha256 } from '../../../helpers/archive-builder.ts';
import type { GiteaServer } from '../../../helpers/gitea-server.ts';
import { giteaServer } from '../../../helpers/gitea-server.ts';
import { readMetadataSet } from '../../../../lib/release/gitea/metadata-set.ts';
import { pruneMetadataAssets } from '../../../../lib/release/gitea/prune-metadata.ts';
import { publishMetadataOf, writerOf } from '../../../helpers/metadata-publisher.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import type { TufRepository } from '../../../helpers/tuf-repository.ts';
import { tufRepository } from '../../../helpers/tuf-repository.ts';

const dir = useTempDir();
let server: GiteaServer;
let site: TufRepository;

beforeEach(async () => {
  server = await giteaServer();
  site = tufRepository();
  site.delegate('branch-nightly');
});
afterEach(async () => {
  await server.close();
});

/** Publishes a nightly; the folder keeps nothing of the past when it is made anew. */
async function nightly(text: string, { anew = false } = {}): Promise<string[]> {
  site.put('manifest_nightly.json', text, 'branch-nightly');
  site.publish('branch-nightly');
  if (anew) fs.rmSync(join(dir(), 'site'), { recursive: true, force: true });
  site.writeTo(join(dir(), 'site'));
  if (anew) forget();
  return await publishMetadataOf(server, join(dir(), 'site'));
}
/** Removes from the folder what its metadata no longer names. */
function forget(): void {
  const set = readMetadataSet(join(dir(), 'site'));
  const kept = [set?.timestamp, set?.root, ...(set?.copies ?? []), ...(set?.numbered ?? []), ...(set?.roots ?? [])].map((file) => file?.name);
  for (const entry of fs.readdirSync(join(dir(), 'site/tuf'), { recursive: true, withFileTypes: true }))
    if (entry.isFile() && !kept.includes(entry.name)) fs.rmSync(join(entry.parentPath, entry.name));
}
const TEXTS = ['one', 'two', 'three', 'four', 'five'];
const short = (text: string): string => text.replace(/[0-9a-f]{64}/, (digest) => `{${TEXTS.find((one) => sha256(one) === digest) ?? '?'}}`);
const names = (): string[] =>
  (server.releases[0]?.assets ?? [])
    .map(({ name }) => short(name))
    .filter((name) => !/root|timestamp/.test(name))
    .toSorted();

it.each([
  ['the site keeps them', false],
  ['only the repository has them', true],
])('keeps what the last three timestamps lead to, where %s', async (_name, anew) => {
  for (const text of TEXTS.slice(0, 3))
    expect((await nightly(text, { anew })).filter((what) => what.startsWith('deleted') && !what.includes('timestamp'))).toEqual([]);
  const before = names();
  expect((await nightly('four', { anew })).map(short).slice(-3)).toEqual([
    'deleted {one}.manifest_nightly.json of tuf, which is no longer named',
    'deleted 1.branch-nightly.json of tuf, which is no longer named',
    'deleted 2.snapshot.json of tuf, which is no longer named',
  ]);
  expect(before).toContain('1.targets.json');
  expect(names()).toEqual([
    '1.targets.json',
    '2.branch-nightly.json',
    '3.branch-nightly.json',
    '3.snapshot.json',
    '4.branch-nightly.json',
    '4.snapshot.json',
    '5.snapshot.json',
    '{four}.manifest_nightly.json',
    '{three}.manifest_nightly.json',
    '{two}.manifest_nightly.json',
  ]);
});

it('keeps every root, what it does not know, and what another process is just uploading', async () => {
  for (const text of TEXTS.slice(0, 4)) await nightly(text);
  site.publishRoot();
  const [release] = server.releases;
  if (release === undefined) throw new Error('no release');
  for (const name of ['README.txt', '1.other.json', 'x.root.json', `${'ab'.repeat(32)}.manifest.json`, '9.targets.json'])
    server.addAsset(release, name, '{}');
  await nightly('five');
  for (const name of ['README.txt', '1.other.json', 'x.root.json', '{?}.manifest.json', '9.targets.json', '1.root.json', '2.root.json'])
    expect(release.assets.map((asset) => short(asset.name))).toContain(name);
  await nightly('one');
  // By then it was before the timestamp, and no timestamp has named it.
  expect(names().filter((name) => name.startsWith('{?}') || name.startsWith('9.'))).toEqual([]);
});

it('a snapshot that cannot be read leads nowhere, and asks for nothing where nothing is old', async () => {
  for (const text of TEXTS.slice(0, 3)) await nightly(text, { anew: true });
  for (const asset of server.releases[0]?.assets ?? []) if (asset.name === '3.snapshot.json') asset.bytes = Buffer.from('{');
  await nightly('four', { anew: true });
  expect(names()).not.toContain('{two}.manifest_nightly.json');
  server.requests.length = 0;
  const set = readMetadataSet(join(dir(), 'site'));
  if (set === null) throw new Error('no metadata');
  const client = writerOf(server);
  for (const release of [null, { id: 1, tag_name: 'tuf', draft: true, prerelease: true, created_at: 1, assets: [] }])
    await pruneMetadataAssets({ client, set, release, onDone: () => undefined });
  expect(server.requests).toEqual([]);
});
