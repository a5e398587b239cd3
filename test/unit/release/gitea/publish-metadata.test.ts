import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { snapshotFacts, targetsFacts, timestampFacts } from '../../../../lib/core/trust/metadata-facts.ts';
import { copyName } from '../../../../lib/release/gitea/metadata-set.ts';
import type { Cut, GiteaServer } from '../../../helpers/gitea-server.ts';
import { WRITER, giteaServer } from '../../../helpers/gitea-server.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { foundBy, publishMetadataOf, trustedBy } from '../../../helpers/metadata-publisher.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import type { TufRepository } from '../../../helpers/tuf-repository.ts';
import { tufRepository } from '../../../helpers/tuf-repository.ts';

const PATHS = ['manifest.json', 'manifest_nightly.json'];
const dir = useTempDir();
let server: GiteaServer;
let site: TufRepository;

beforeEach(async () => {
  server = await giteaServer({ pageSize: 2 });
  site = tufRepository();
  site.delegate('branch-nightly');
  site.put('manifest.json', 'stable 1');
  site.put('manifest_nightly.json', 'nightly 1', 'branch-nightly');
  site.publish();
});
afterEach(async () => {
  await server.close();
});

const at = (): string => join(dir(), 'site');
function publish(options: Parameters<typeof publishMetadataOf>[2] = {}): Promise<string[]> {
  site.writeTo(at());
  return publishMetadataOf(server, at(), options);
}
/** A digest in a name, by its document: `{stable 1}.manifest.json`. */
function short(names: Iterable<string>): string[] {
  return [...names].map((text) => text.replace(/[0-9a-f]{64}/, (digest) => `{${documents.find((one) => sha256(one) === digest) ?? ''}}`));
}
const documents = ['stable 1', 'stable 2', 'stable 3', 'stable 4', 'stable 5', 'nightly 1', 'nightly 2', 'nightly 3'];

/** The documents that a device is led to, or what is in its way. */
function seen(files: ReadonlyMap<string, Buffer>): string {
  const get = (name: string): Buffer => files.get(name) ?? Buffer.from('nothing');
  if (!files.has('timestamp.json')) return 'nothing';
  try {
    const { snapshot } = timestampFacts(get('timestamp.json'), 'timestamp.json');
    const found = [...snapshotFacts(get(`${String(snapshot)}.snapshot.json`), `${String(snapshot)}.snapshot.json`).roles].flatMap(
      ([role, version]) => {
        const name = `${String(version)}.${role}.json`;
        return [...targetsFacts(get(name), name).documents].map(([path, digest]) => [get(copyName(path, digest)), digest] as const);
      },
    );
    return found
      .map(([bytes, digest]) => (sha256(bytes) === digest ? bytes.toString() : `not ${digest}`))
      .toSorted()
      .join(', ');
  } catch (error) {
    return String(error);
  }
}

describe('the first time', () => {
  it('makes a pre-release, complete before anybody sees it, and says what it is', async () => {
    const views = new Set<string>();
    server.afterEach(() => views.add(seen(foundBy(server))));
    expect(short(await publish())).toEqual([
      'created the draft tuf',
      'uploaded {nightly 1}.manifest_nightly.json to tuf',
      'uploaded {stable 1}.manifest.json to tuf',
      'uploaded 1.branch-nightly.json to tuf',
      'uploaded 2.targets.json to tuf',
      'uploaded 2.snapshot.json to tuf',
      'uploaded 1.root.json to tuf',
      'uploaded timestamp.json to tuf',
      'uploaded root.json to tuf',
      'published tuf as a pre-release',
    ]);
    expect([...views]).toEqual(['nothing', 'nightly 1, stable 1']);
    const [release] = server.releases;
    expect(release).toMatchObject({ tag: 'tuf', name: 'Signed metadata', draft: false, prerelease: true });
    expect(release?.body).toMatch(/^This is no version of the dashboard/);
    expect(release?.body).toMatch(/version 1, of which 1 must sign[^]*\n- `SHA256:[A-Za-z0-9+/]{43}` root\n/);
    expect(server.latest()).toBeNull();
  });

  it('completes a draft, also where a draft has no downloads', async () => {
    server.options.hidesDraftAssets = true;
    server.cutAt(10, 'before');
    await expect(publish()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    expect(Object.keys(server.summary())).toEqual(['tuf draft prerelease']);
    expect((await publish()).at(-1)).toBe('published tuf as a pre-release');
    expect(seen(foundBy(server))).toBe('nightly 1, stable 1');
    expect(Object.values(server.summary()).flat()).toHaveLength(8);
  });
});

describe('later', () => {
  beforeEach(async () => {
    await publish();
    server.requests.length = 0;
  });

  it('with nothing new writes nothing, and reads two files', async () => {
    expect(await publish()).toEqual([]);
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /api/v1/repos/owner/repo/releases?limit=50&page=1',
      'GET /owner/repo/releases/download/tuf/timestamp.json',
      'GET /owner/repo/releases/download/tuf/root.json',
    ]);
  });

  it('uploads what is new before the timestamp that leads there', async () => {
    site.put('manifest_nightly.json', 'nightly 2', 'branch-nightly');
    site.publish('branch-nightly');
    expect(short(await publish())).toEqual([
      'uploaded {nightly 2}.manifest_nightly.json to tuf',
      'uploaded 2.branch-nightly.json to tuf',
      'uploaded 3.snapshot.json to tuf',
      'uploaded timestamp.json to tuf',
      'deleted an old timestamp.json of tuf',
    ]);
    expect(seen(foundBy(server))).toBe('nightly 2, stable 1');
  });

  it('renews a timestamp alone with one upload', async () => {
    site.publish('timestamp');
    expect(await publish()).toEqual(['uploaded timestamp.json to tuf', 'deleted an old timestamp.json of tuf']);
  });

  it('gives a new root its name when its timestamp is there, and describes it', async () => {
    site.rotate('timestamp', [testKey('new')]);
    site.rotate('root', [testKey('Ada')]);
    expect(await publish()).toEqual([
      'uploaded 3.snapshot.json to tuf',
      'uploaded new-2.root.json to tuf',
      'uploaded new-3.root.json to tuf',
      'uploaded timestamp.json to tuf',
      'named 2.root.json of tuf',
      'named 3.root.json of tuf',
      'deleted an old timestamp.json of tuf',
      'uploaded root.json to tuf',
      'deleted an old root.json of tuf',
      'described tuf',
    ]);
    expect(server.releases[0]?.body).toContain(' Ada\n');
    expect(await publish()).toEqual([]);
  });

  it('makes a release that was shown as one a pre-release again, whatever line ends the server has', async () => {
    const [release] = server.releases;
    if (release === undefined) throw new Error('no release');
    release.body = release.body.replaceAll('\n', '\r\n');
    expect(await publish()).toEqual([]);
    release.prerelease = false;
    expect(await publish()).toEqual(['described tuf']);
    expect(server.latest()).toBeNull();
  });

  it('repairs what is missing, half there, or there twice', async () => {
    const [release] = server.releases;
    if (release === undefined) throw new Error('no release');
    const of = (name: string) => release.assets.filter((asset) => asset.name === name);
    release.assets = release.assets.filter(({ name }) => name !== '2.targets.json');
    for (const asset of of('2.snapshot.json')) asset.bytes = asset.bytes.subarray(1);
    for (const asset of of('root.json')) server.addAsset(release, 'root.json', asset.bytes);
    expect(await publish()).toEqual([
      'uploaded 2.targets.json to tuf',
      'uploaded 2.snapshot.json to tuf',
      'deleted an old 2.snapshot.json of tuf',
      'uploaded root.json to tuf',
      'deleted an old root.json of tuf',
      'deleted an old root.json of tuf',
    ]);
    expect(await publish()).toEqual([]);
    expect(seen(foundBy(server))).toBe('nightly 1, stable 1');
  });

  it('compares the copies of documents by their bytes when asked to', async () => {
    for (const { name, bytes } of server.releases[0]?.assets ?? []) if (name.endsWith('.manifest.json')) bytes.fill(0);
    expect(await publish()).toEqual([]);
    expect(short(await publish({ verify: true }))).toEqual([
      'uploaded {stable 1}.manifest.json to tuf',
      'deleted an old {stable 1}.manifest.json of tuf',
    ]);
  });

  it('does not replace what another process has published meanwhile', async () => {
    site.publish('timestamp');
    const release = server.releases[0];
    const onDone = (): void => {
      if (release === undefined) return;
      release.assets = release.assets.filter(({ name }) => name !== 'timestamp.json');
      server.addAsset(release, 'timestamp.json', 'of another process');
    };
    site.put('manifest.json', 'stable 2');
    site.publish();
    await expect(publish({ onDone })).rejects.toMatchObject({
      code: 'VERSION_NOT_NEWER',
      message: matching('while this site was being published'),
      hint: containing('pikit-release init --from gitea:'),
    });
    expect(foundBy(server).get('timestamp.json')?.toString()).toBe('of another process');
  });
});

describe('a line that breaks', () => {
  it.each<[Cut]>([['before'], ['after'], ['half']])(
    '%s any request leaves devices the old or the new, and the next run completes it',
    async (how) => {
      await publish();
      // Three more timestamps, so that there is something to prune, and then all that can change at once.
      for (const text of ['stable 2', 'stable 3', 'stable 4']) {
        site.put('manifest.json', text);
        site.publish();
        await publish();
      }
      const before = server.releases.map((release) => ({ ...release, assets: release.assets.map((asset) => ({ ...asset })) }));
      site.put('manifest.json', 'stable 5');
      site.put('manifest_nightly.json', 'nightly 2', 'branch-nightly');
      site.rotate('root', [testKey('Ada')]);
      site.publish();
      let cases = 0;
      const moments = new Map<string, Map<string, Buffer>>();
      const known = new Map<string, Buffer>();
      expect(await trustedBy(foundBy(server), site.initialRoot, PATHS, known)).toBe('stable 4, nightly 1');
      for (let n = 1; ; n += 1) {
        server.releases.splice(0, Infinity, ...before.map((release) => ({ ...release, assets: release.assets.map((asset) => ({ ...asset })) })));
        const views = new Set<string>();
        server.afterEach(() => {
          const files = foundBy(server);
          views.add(seen(files));
          moments.set(JSON.stringify([...files].map(([name, bytes]) => [name, sha256(bytes)])), files);
        });
        server.cutAt(n, how);
        const isCut = await publish().then(
          () => false,
          () => true,
        );
        server.cutAt(0, how);
        await publish();
        server.requests.length = 0;
        expect(await publish()).toEqual([]);
        expect(server.writes()).toEqual([]);
        expect([...views].filter((view) => !['nightly 1, stable 4', 'nightly 2, stable 5'].includes(view))).toEqual([]);
        expect(seen(foundBy(server))).toBe('nightly 2, stable 5');
        expect(server.requests.every(({ authorization }) => authorization === `token ${WRITER}`)).toBe(true);
        const names = (server.releases[0]?.assets ?? []).map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        expect(names.filter((name) => name.startsWith('new-'))).toEqual([]);
        server.afterEach(() => undefined);
        if (!isCut) break;
        cases += 1;
      }
      expect(cases).toBeGreaterThanOrEqual(15);
      expect(moments.size).toBeGreaterThanOrEqual(10);
      for (const files of moments.values()) {
        for (const device of [new Map<string, Buffer>(), new Map(known)])
          expect(['stable 4, nightly 1', 'stable 5, nightly 2']).toContain(await trustedBy(files, site.initialRoot, PATHS, device));
      }
    },
    300_000,
  );

  it('other keys for the timestamp: devices that ask in the moment between two requests find it unsigned, and install nothing', async () => {
    await publish();
    const device = new Map<string, Buffer>();
    await trustedBy(foundBy(server), site.initialRoot, PATHS, device);
    const moments: Map<string, Buffer>[] = [];
    server.afterEach(() => moments.push(foundBy(server)));
    site.put('manifest.json', 'stable 2');
    site.publish();
    site.rotate('timestamp', [testKey('new')]);
    await publish();
    const found = [];
    for (const files of moments) found.push(await trustedBy(files, site.initialRoot, PATHS, new Map(device)));
    expect([...new Set(found)]).toEqual(['stable 1, nightly 1', 'SIGNATURE_INVALID', 'stable 2, nightly 1']);
    expect(found.filter((one) => one === 'SIGNATURE_INVALID')).toHaveLength(1);
  });
});
