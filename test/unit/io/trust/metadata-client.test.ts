import { describe, expect, it } from 'vitest';
import { keyFingerprint } from '../../../../lib/core/trust/fingerprint.ts';
import { openMetadata } from '../../../../lib/io/trust/metadata-client.ts';
import type { MetadataClient, MetadataOptions } from '../../../../lib/io/trust/metadata-types.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import type { TufRepository } from '../../../helpers/tuf-repository.ts';
import { TUF_NOW, memoryStore, tufRepository } from '../../../helpers/tuf-repository.ts';

const DAY_MS = 86_400_000;
const later = (days: number): Date => new Date(TUF_NOW.getTime() + days * DAY_MS);

/** A site with stable in `targets`, and nightly in a role of its own. */
function site(): TufRepository {
  const repository = tufRepository();
  repository.delegate('branch-nightly', { keys: [testKey('ci')] });
  repository.put('manifest.json', 'stable');
  repository.put('branches.json', '[]');
  repository.put('manifest_nightly.json', 'nightly', 'branch-nightly');
  repository.publish();
  return repository;
}

function open(repository: TufRepository, store = memoryStore(), more: Partial<MetadataOptions> = {}): MetadataClient {
  return openMetadata({ initialRoot: repository.initialRoot, store, source: repository.source(), now: TUF_NOW, ...more });
}

describe('refresh', () => {
  it('asks for what there is in the order of the specification, and stores it in that order', async () => {
    const repository = site();
    const store = memoryStore();
    const source = repository.source();
    const client = open(repository, store, { source });
    expect(await client.refresh()).toEqual({ changed: true });
    expect(source.requests).toEqual(['2.root.json', 'timestamp.json', '2.snapshot.json', '2.targets.json']);
    expect(store.writes).toEqual(['1.root.json', 'root.json', 'timestamp.json', 'snapshot.json', 'targets.json']);
    expect(store.files.get('snapshot.json')).toEqual(repository.files.get('2.snapshot.json'));
    expect(client.state()).toEqual({ root: 1, timestamp: 2, until: new Date('2026-11-15T12:00:00Z'), signedAt: TUF_NOW });
  });

  it('asks for two small files, and writes nothing, when there is nothing new', async () => {
    const repository = site();
    const store = memoryStore();
    await open(repository, store).refresh();
    store.writes.length = 0;
    const source = repository.source();
    expect(await open(repository, store, { source }).refresh()).toEqual({ changed: false });
    expect([source.requests, store.writes]).toEqual([['2.root.json', 'timestamp.json'], []]);
  });

  it('removes what is stored as the next root and proves nothing, where the source has none', async () => {
    const repository = site();
    const store = memoryStore();
    await open(repository, store).refresh();
    store.files.set('2.root.json', Buffer.from('{}'));
    await open(repository, store).refresh();
    expect(store.names()).toEqual(['1.root.json', 'root.json', 'snapshot.json', 'targets.json', 'timestamp.json']);
  });

  it('asks for the snapshot alone when a role that it does not need is new', async () => {
    const repository = site();
    const store = memoryStore();
    await open(repository, store).refresh();
    repository.publish('branch-nightly');
    const source = repository.source();
    expect(await open(repository, store, { source }).refresh()).toEqual({ changed: true });
    expect(source.requests).toEqual(['2.root.json', 'timestamp.json', '3.snapshot.json']);
  });

  it('follows every root that was missed, also when all keys were rotated twice', async () => {
    const repository = site();
    const store = memoryStore();
    await open(repository, store).refresh();
    for (const turn of ['b', 'c']) for (const role of ['root', 'timestamp', 'snapshot', 'targets']) repository.rotate(role, [testKey(role + turn)]);
    const client = open(repository, store);
    expect(await client.refresh()).toEqual({ changed: true });
    expect(client.state().root).toBe(9);
    expect(store.names()).toEqual(expect.arrayContaining(['1.root.json', '9.root.json', 'root.json']));
    expect(store.files.get('root.json')).toEqual(repository.files.get('9.root.json'));
  });

  it('takes the rest of very many new roots the next time', async () => {
    const repository = site();
    for (let version = 2; version <= 300; version += 1) repository.publishRoot();
    const store = memoryStore();
    const source = repository.source();
    const client = open(repository, store, { source });
    await client.refresh();
    expect([client.state().root, source.requests.length]).toEqual([257, 256 + 3]);
    await client.refresh();
    expect(client.state().root).toBe(300);
  });

  it('works without versions in names, and without lengths and digests', async () => {
    const repository = tufRepository({ consistent: false, hashes: false });
    repository.put('manifest.json', 'stable');
    repository.publish();
    const source = repository.source();
    const client = open(repository, memoryStore(), { source });
    await client.refresh();
    expect(source.requests).toEqual(['2.root.json', 'timestamp.json', 'snapshot.json', 'targets.json']);
    expect(await client.target('manifest.json')).toMatchObject({ length: 6 });
  });

  it('counts a threshold over several keys', async () => {
    const keys = ['Ada', 'Bob', 'Cyd'].map(testKey);
    const repository = tufRepository({ keys: { root: keys, targets: keys }, thresholds: { root: 2, targets: 2 } });
    repository.signers.set('targets', keys.slice(0, 2));
    repository.put('manifest.json', 'stable');
    repository.publish();
    const client = open(repository);
    await client.refresh();
    expect((await client.target('manifest.json'))?.signedBy.keys.map(({ name }) => name)).toEqual(['Ada', 'Bob']);
  });
});

describe('a target', () => {
  it('is told with its digest, who signed it, and until when', async () => {
    const repository = site();
    const client = open(repository);
    await client.refresh();
    const target = await client.target('manifest.json');
    expect(target).toEqual({
      path: 'manifest.json',
      length: 6,
      sha256: repository.targets.targets['manifest.json']?.hashes['sha256'],
      isGzipped: false,
      signedBy: {
        role: 'targets',
        keys: [{ fingerprint: keyFingerprint(testKey('targets').publicHex), name: 'targets' }],
        until: '2026-11-15T12:00:00.000Z',
      },
    });
  });

  it('of a branch with keys of its own comes from its role, which is asked for only then', async () => {
    const repository = site();
    const source = repository.source();
    const store = memoryStore();
    const client = open(repository, store, { source });
    await client.refresh();
    source.requests.length = 0;
    expect((await client.target('manifest_nightly.json'))?.signedBy).toMatchObject({ role: 'branch-nightly', keys: [{ name: 'ci' }] });
    expect(await client.target('releases_nightly.json')).toBe(null);
    expect(source.requests).toEqual(['1.branch-nightly.json']);
    expect(store.writes.at(-1)).toBe('branch-nightly.json');
  });

  it('that no role names is null, and so is what a role names beyond its paths', async () => {
    const repository = site();
    repository.put('manifest_beta.json', 'evil', 'branch-nightly');
    repository.put('releases.json', 'evil', 'branch-nightly');
    repository.publish();
    const client = open(repository);
    await client.refresh();
    for (const path of ['manifest_beta.json', 'releases.json', 'constructor', '__proto__', '']) expect(await client.target(path), path).toBe(null);
  });

  it('is found offline in what is stored, without a question to the source', async () => {
    const repository = site();
    const store = memoryStore();
    const client = open(repository, store);
    await client.refresh();
    await client.target('manifest_nightly.json');
    const source = { get: () => Promise.reject(new Error('asked')) };
    const offline = open(repository, store, { source });
    expect((await offline.target('manifest_nightly.json'))?.length).toBe(7);
    expect((await offline.target('manifest.json'))?.length).toBe(6);
  });

  it('is not found offline before anything was verified, nor once it has expired', async () => {
    const repository = site();
    const store = memoryStore();
    await expect(open(repository, store).target('manifest.json')).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' });
    await open(repository, store).refresh();
    await expect(open(repository, store, { now: later(15) }).target('manifest.json')).rejects.toMatchObject({ code: 'METADATA_EXPIRED' });
  });

  it('is verified against the delegator as it is now, each time: the one case in which plain tuf-js keeps a role that it has read', async () => {
    const repository = site();
    const store = memoryStore();
    const client = open(repository, store);
    await client.refresh();
    expect(await client.target('manifest_nightly.json')).not.toBe(null);
    // The delegation goes to another key, and the old file of the role stays, as its version says.
    const old = repository.files.get('1.branch-nightly.json');
    const delegation = repository.targets.delegations?.roles[0];
    Object.assign(delegation ?? {}, { keyids: [testKey('new').id] });
    Object.assign(repository.targets.delegations?.keys ?? {}, { [testKey('new').id]: testKey('new').json });
    repository.publish('targets');
    expect(repository.files.get('1.branch-nightly.json')).toBe(old);
    await client.refresh();
    await expect(client.target('manifest_nightly.json')).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });
});

describe('what is known', () => {
  it('is the root alone before the first refresh', () => {
    expect(open(site()).state()).toEqual({ root: 1, timestamp: null, until: null, signedAt: null });
  });

  it('is told of what is stored, also when it has expired', async () => {
    const repository = site();
    const store = memoryStore();
    await open(repository, store).refresh();
    const expired = open(repository, store, { now: later(400) });
    expect(expired.state()).toMatchObject({ root: 1, timestamp: 2, until: new Date('2026-11-15T12:00:00Z') });
    await expect(expired.refresh()).rejects.toMatchObject({ code: 'METADATA_EXPIRED' });
    expect(expired.state()).toMatchObject({ root: 1, timestamp: 2 });
  });

  it('has every role with its keys', async () => {
    const repository = site();
    const client = open(repository);
    expect(client.roles().map(({ role }) => role)).toEqual(['root', 'targets', 'snapshot', 'timestamp']);
    await client.refresh();
    await client.target('manifest_nightly.json');
    expect(client.roles()).toEqual([
      expect.objectContaining({ role: 'root', threshold: 1, version: 1, expiryDays: 365, paths: null }),
      expect.objectContaining({ role: 'targets', version: 2, expires: new Date('2027-04-30T12:00:00Z') }),
      expect.objectContaining({ role: 'snapshot', version: 2 }),
      expect.objectContaining({ role: 'timestamp', version: 2 }),
      {
        role: 'branch-nightly',
        threshold: 1,
        keys: [{ id: testKey('ci').id, fingerprint: keyFingerprint(testKey('ci').publicHex), name: 'ci' }],
        version: 1,
        expires: new Date('2027-04-30T12:00:00Z'),
        expiryDays: 180,
        paths: ['manifest_nightly.json', 'releases_nightly.json'],
      },
    ]);
  });
});

it.each<[name: string, root: (repository: TufRepository) => Buffer]>([
  ['empty', () => Buffer.alloc(0)],
  ['a page', () => Buffer.from('<html></html>')],
  ['another kind', (repository) => repository.files.get('timestamp.json') ?? Buffer.alloc(0)],
  ['not signed by its own keys', (repository) => repository.sign(repository.root, [testKey('mallory')])],
])('refuses a trusted root that is %s', (_name, root) => {
  const repository = site();
  expect(() => openMetadata({ initialRoot: root(repository), store: memoryStore(), source: repository.source(), now: TUF_NOW })).toThrow(
    expect.objectContaining({ code: 'TRUST_INVALID' }),
  );
});
