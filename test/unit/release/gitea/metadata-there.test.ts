import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertUnsigned, compareMetadata, metadataRelease } from '../../../../lib/release/gitea/metadata-there.ts';
import { readMetadataSet } from '../../../../lib/release/gitea/metadata-set.ts';
import type { GiteaRelease } from '../../../../lib/core/network/gitea.ts';
import type { GiteaServer } from '../../../helpers/gitea-server.ts';
import { giteaServer } from '../../../helpers/gitea-server.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { publishMetadataOf, writerOf } from '../../../helpers/metadata-publisher.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import type { TufRepository } from '../../../helpers/tuf-repository.ts';
import { tufRepository } from '../../../helpers/tuf-repository.ts';

const dir = useTempDir();
let server: GiteaServer;
let site: TufRepository;

beforeEach(async () => {
  server = await giteaServer();
  site = tufRepository();
  site.delegate('branch-nightly');
  site.put('manifest.json', 'stable 1');
  site.put('manifest_nightly.json', 'nightly 1', 'branch-nightly');
  site.publish();
});
afterEach(async () => {
  await server.close();
});

/** Publishes the repository from a folder of its own: one of two copies of the site. */
function publishFrom(folder: string): Promise<string[]> {
  site.writeTo(join(dir(), folder));
  return publishMetadataOf(server, join(dir(), folder));
}
const before = (): string => JSON.stringify(server.releases);
const assets = (): string[] => server.releases[0]?.assets.map(({ name }) => name) ?? [];

describe('two publishers', () => {
  /** The first of two copies of one site publishes a nightly; then it is the turn of the other. */
  async function nightlyFromCi(): Promise<void> {
    await publishFrom('mine');
    fs.cpSync(join(dir(), 'mine'), join(dir(), 'ci'), { recursive: true });
    const mine = tufRepository();
    mine.delegate('branch-nightly');
    mine.put('manifest.json', 'stable 1');
    mine.put('manifest_nightly.json', 'nightly 1', 'branch-nightly');
    mine.publish();
    site.put('manifest_nightly.json', 'nightly 2', 'branch-nightly');
    site.publish('branch-nightly');
    await publishFrom('ci');
    site = mine;
  }

  it.each<[string, () => void, RegExp]>([
    ['without-a-change', () => undefined, /has 'tuf\/branch-nightly.json' in version 2, and this site has version 1$/],
    [
      'with-a-new-timestamp',
      () => {
        site.publish('timestamp');
      },
      /has 'tuf\/branch-nightly.json' in version 2/,
    ],
    [
      'with-a-later-timestamp',
      () => {
        for (let n = 0; n < 5; n += 1) site.publish('timestamp');
      },
      /has 'tuf\/branch-nightly.json' in version 2/,
    ],
    [
      'with-a-release-on-stable',
      () => {
        site.put('manifest.json', 'stable 2');
        site.publish('targets');
        site.publish('targets');
      },
      /has 'tuf\/branch-nightly.json' in version 2/,
    ],
    [
      'with-a-nightly-of-its-own',
      () => {
        site.put('manifest_nightly.json', 'nightly 2b', 'branch-nightly');
        site.publish('branch-nightly');
      },
      /another 'timestamp.json' than this site under the same version 3|both were signed apart/,
    ],
    [
      'with-two-nightlies-of-its-own',
      () => {
        for (const text of ['a', 'b']) {
          site.put('manifest_nightly.json', text, 'branch-nightly');
          site.publish('branch-nightly');
        }
      },
      /has another 'tuf\/2.branch-nightly.json' than this site under the same version 2: both were signed apart/,
    ],
  ])('the second is refused with a way out, and loses nothing: %s', async (_name, change, message) => {
    await nightlyFromCi();
    change();
    const there = before();
    await expect(publishFrom('mine')).rejects.toMatchObject({
      code: 'VERSION_NOT_NEWER',
      message: matching(message),
      hint: containing(`pikit-release init --from gitea:${server.url} --site NEW`),
    });
    expect(before()).toBe(there);
    expect(server.writes().filter(({ status }) => status >= 400)).toEqual([]);
  });
});

describe('an older copy of a site', () => {
  it.each<[string, () => void, RegExp]>([
    [
      'root',
      () => {
        site.rotate('root', [testKey('Ada')]);
      },
      /'tuf\/root.json' in version 2, and this site has version 1/,
    ],
    [
      'timestamp',
      () => {
        site.publish('timestamp');
      },
      /'tuf\/timestamp.json' in version 4, and this site has version 2/,
    ],
    [
      'targets',
      () => {
        site.publish('targets');
      },
      /'tuf\/targets.json' in version 3, and this site has version 2/,
    ],
    [
      'branch',
      () => {
        site.publish('branch-nightly');
      },
      /'tuf\/branch-nightly.json' in version 2, and this site has version 1/,
    ],
    [
      'new-branch',
      () => {
        site.delegate('branch-beta');
        site.publish('branch-beta');
      },
      /'tuf\/branch-beta.json' in version 1, and this site does not have it/,
    ],
  ])('%s', async (_name, change, message) => {
    await publishFrom('old');
    change();
    site.publish('timestamp');
    await publishFrom('new');
    const there = before();
    await expect(publishMetadataOf(server, join(dir(), 'old'))).rejects.toMatchObject({ code: 'VERSION_NOT_NEWER', message: matching(message) });
    expect(before()).toBe(there);
  });

  it('is seen by the root alone, which devices find by its number', async () => {
    await publishFrom('old');
    site.publish('timestamp');
    site.writeTo(join(dir(), 'old'));
    const [release] = server.releases;
    if (release === undefined) throw new Error('no release');
    server.addAsset(release, '2.root.json', site.publishRoot());
    await expect(publishMetadataOf(server, join(dir(), 'old'))).rejects.toMatchObject({ message: matching("has 'tuf/root.json' in version 2") });
  });
});

it('a site with other keys is refused, however new it is', async () => {
  await publishFrom('mine');
  site = tufRepository({ keys: { root: [testKey('stranger')] } });
  for (let n = 0; n < 5; n += 1) site.publish();
  site.delegate('branch-nightly');
  site.publish();
  const there = before();
  await expect(publishFrom('other')).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
    message: matching("another 'tuf/1.root.json' than this site"),
  });
  expect(before()).toBe(there);
});

describe('what no device can read', () => {
  it.each([['timestamp.json'], ['2.snapshot.json']])('stops nothing: %s', async (name) => {
    await publishFrom('old');
    for (const asset of server.releases[0]?.assets ?? []) if (asset.name === name) asset.bytes = Buffer.from('{"half');
    site.publish('timestamp');
    expect(await publishFrom('new')).toContain('uploaded timestamp.json to tuf');
    expect(await publishFrom('new')).toEqual([]);
  });

  it('may be left over from another run: a number that no timestamp has named is used again', async () => {
    await publishFrom('mine');
    const release = server.releases[0];
    if (release === undefined) throw new Error('no release');
    const other = tufRepository();
    for (let n = 0; n < 2; n += 1) other.publish();
    for (const name of ['3.snapshot.json', '3.targets.json']) server.addAsset(release, name, other.files.get(name) ?? '');
    site.put('manifest.json', 'stable 2');
    site.publish('targets');
    expect(await publishFrom('mine')).toEqual(
      expect.arrayContaining(['uploaded 3.targets.json to tuf', 'deleted an old 3.targets.json of tuf', 'deleted an old 3.snapshot.json of tuf']),
    );
    expect(assets().filter((name) => name.startsWith('3.'))).toHaveLength(2);
  });
});

describe('metadataRelease', () => {
  const release = (id: number, tag: string, draft = false): GiteaRelease => ({
    id,
    tag_name: tag,
    draft,
    prerelease: true,
    created_at: id,
    assets: [],
  });
  it.each<[string, GiteaRelease[], number | null]>([
    ['none', [release(1, 'v1.0.0')], null],
    ['the tag of metadata', [release(1, 'v1.0.0'), release(2, 'tuf')], 2],
    ['in another case', [release(2, 'TUF')], 2],
    ['public before a draft', [release(1, 'tuf', true), release(2, 'tuf')], 2],
  ])('%s', (_name, releases, id) => {
    expect(metadataRelease(releases)?.id ?? null).toBe(id);
  });
});

it('a repository with signed metadata takes no unsigned site', async () => {
  const client = writerOf(server);
  server.add({ tag: 'tuf', assets: { 'notes.json': '{}' } });
  assertUnsigned(await client.list(), 'gitea:x');
  server.releases.length = 0;
  await publishFrom('mine');
  const releases = await client.list();
  expect(() => {
    assertUnsigned(releases, 'gitea:x');
  }).toThrow(expect.objectContaining({ code: 'SITE_INVALID', message: matching('has signed metadata: unsigned releases do not belong there') }));
});

it('reads each file once, and writes nothing', async () => {
  await publishFrom('mine');
  site.publish('timestamp');
  site.writeTo(join(dir(), 'mine'));
  const set = readMetadataSet(join(dir(), 'mine'));
  if (set === null) throw new Error('no metadata');
  server.requests.length = 0;
  const client = writerOf(server);
  const { right, release } = await compareMetadata({ client, to: 'x', verify: true }, set, await client.list());
  expect(release?.assets.filter(({ id }) => !right.has(id)).map(({ name }) => name)).toEqual(['timestamp.json']);
  const urls = server.requests.map(({ url }) => url);
  expect(new Set(urls).size).toBe(urls.length);
  expect(server.writes()).toEqual([]);
});
