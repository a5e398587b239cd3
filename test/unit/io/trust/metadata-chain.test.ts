import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { metadataChain } from '../../../../lib/io/trust/metadata-chain.ts';
import type { MetadataChain } from '../../../../lib/io/trust/metadata-chain.ts';
import type { MetadataOptions } from '../../../../lib/io/trust/metadata-types.ts';
import { containing } from '../../../helpers/matchers.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import type { TufRepository } from '../../../helpers/tuf-repository.ts';
import { TUF_NOW, memoryStore, tufRepository } from '../../../helpers/tuf-repository.ts';

function chainOf({ initialRoot, source }: TufRepository, store = memoryStore(), more: Partial<MetadataOptions> = {}): MetadataChain {
  return metadataChain({ initialRoot, store, source: source(), now: TUF_NOW, ...more });
}

describe('a floor', () => {
  it('of the timestamp holds where everything that was stored is gone', async () => {
    const repository = tufRepository();
    const chain = chainOf(repository, memoryStore(), { floor: { root: 1, timestamp: 2 } });
    await expect(chain.refreshed()).rejects.toMatchObject({
      code: 'METADATA_ROLLBACK',
      message: "'timestamp.json' is version 1, and this device has trusted version 2 already",
    });
    repository.publish();
    expect((await chain.refreshed()).trusted.set.timestamp?.signed.version).toBe(2);
  });

  it('of the timestamp holds offline too', async () => {
    const store = memoryStore();
    const repository = tufRepository();
    await chainOf(repository, store).refreshed();
    expect(() => chainOf(repository, store, { floor: { root: 1, timestamp: 2 } }).valid()).toThrow(
      expect.objectContaining({ code: 'METADATA_ROLLBACK' }),
    );
  });

  it('of the root: an older one is never used, and the source can bring the newer ones back', async () => {
    const repository = tufRepository();
    for (const name of ['a', 'b']) repository.rotate('timestamp', [testKey(name)]);
    const floor = { root: 3, timestamp: null };
    const chain = chainOf(repository, memoryStore(), { floor });
    expect(() => chain.stored()).toThrow(
      expect.objectContaining({ code: 'TRUST_DAMAGED', message: containing('is version 1, and it has trusted version 3') }),
    );
    expect(() => chain.valid()).toThrow(expect.objectContaining({ code: 'TRUST_DAMAGED' }));
    repository.files.delete('3.root.json');
    await expect(chain.refreshed()).rejects.toMatchObject({ code: 'TRUST_DAMAGED', hint: containing('trust reset') });
    repository.files.set('3.root.json', repository.files.get('root.json') ?? Buffer.alloc(0));
    expect((await chain.refreshed()).trusted.set.root.signed.version).toBe(3);
  });

  it('of the timestamp says nothing after its key was taken away: an attacker may have raised it', async () => {
    const repository = tufRepository();
    repository.timestamp.version = 1_000_000;
    repository.publish();
    const floor = { root: 1, timestamp: 1_000_001 };
    const store = memoryStore();
    await chainOf(repository, store, { floor }).refreshed();
    repository.timestamp.version = 1;
    repository.rotate('timestamp', [testKey('new')]);
    expect((await chainOf(repository, store, { floor }).refreshed()).trusted.set.timestamp?.signed.version).toBe(2);
    // Also where the store is lost.
    expect((await chainOf(repository, memoryStore(), { floor }).refreshed()).trusted.set.timestamp?.signed.version).toBe(2);
  });
});

it('a next root that is none and that the source does not have is cleared away: a reader of the store would stop at it', async () => {
  const repository = tufRepository();
  const store = memoryStore(new Map([['2.root.json', Buffer.from('damaged')]]));
  await chainOf(repository, store).refreshed();
  expect(store.names()).not.toContain('2.root.json');
  const readsStore = { get: (name: string) => Promise.resolve(store.read(name.replace(/^\d+\.(?!root)/, ''), 1_000_000)) };
  expect((await chainOf(repository, memoryStore(), { source: readsStore }).refreshed()).changed).toBe(true);
});

describe('a fast-forward', () => {
  /** Both keys may sign, and one is enough: what the lost one signed verifies with the other as well. */
  function twoKeys(): TufRepository {
    const keys = { timestamp: ['t1', 't2'].map(testKey), snapshot: ['s1', 's2'].map(testKey) };
    return tufRepository({ keys });
  }

  it.each(['timestamp', 'snapshot'] as const)('of %s is repaired by taking the key away, though what it signed still verifies', async (role) => {
    const repository = twoKeys();
    const store = memoryStore();
    repository[role].version = 900_000;
    repository.publish();
    await chainOf(repository, store).refreshed();
    repository[role].version = 1;
    repository.rotate(role, [testKey(`${role.slice(0, 1)}2`)]);
    const { trusted } = await chainOf(repository, store).refreshed();
    expect(trusted.set[role]?.signed.version).toBe(2);
    // Targets are the same.
    expect(store.writes.slice(-6)).toEqual(['2.root.json', '-snapshot.json', '-timestamp.json', 'root.json', 'timestamp.json', 'snapshot.json']);
  });

  it('is repaired also when the power was cut between the new root and the rest', async () => {
    const repository = twoKeys();
    const store = memoryStore();
    repository.timestamp.version = 900_000;
    repository.publish();
    await chainOf(repository, store).refreshed();
    repository.timestamp.version = 1;
    repository.rotate('timestamp', [testKey('t2')]);
    store.write('2.root.json', repository.files.get('2.root.json') ?? Buffer.alloc(0));
    expect(chainOf(repository, store).stored().set.timestamp).toBe(undefined);
    expect((await chainOf(repository, store).refreshed()).trusted.set.timestamp?.signed.version).toBe(2);
  });

  it('is not undone by a new key beside the old one', async () => {
    const repository = tufRepository();
    const store = memoryStore();
    repository.publish();
    await chainOf(repository, store).refreshed();
    const old = repository.copyFiles();
    repository.rotate('timestamp', [testKey('timestamp'), testKey('second')]);
    repository.files.set('timestamp.json', old.get('timestamp.json') ?? Buffer.alloc(0));
    store.files.delete('snapshot.json');
    expect((await chainOf(repository, store).refreshed()).trusted.set.timestamp?.signed.version).toBe(2);
    expect(store.writes).not.toContain('-timestamp.json');
  });
});

describe('a source', () => {
  it('that cannot be asked is told as that, and nothing is stored', async () => {
    const store = memoryStore();
    const source = { get: () => Promise.reject(new UpdateError('OFFLINE', 'no network')) };
    await expect(chainOf(tufRepository(), store, { source }).refreshed()).rejects.toMatchObject({ code: 'OFFLINE' });
    expect(store.names()).toEqual(['1.root.json']);
  });

  it('that gives more than was asked for is cut off by its answer as well', async () => {
    const source = { get: (_name: string, maxBytes: number) => Promise.resolve(Buffer.alloc(maxBytes + 1)) };
    await expect(chainOf(tufRepository(), memoryStore(), { source }).refreshed()).rejects.toMatchObject({
      code: 'METADATA_INVALID',
      message: containing("'2.root.json' has more than the 65536 bytes"),
    });
  });
});
