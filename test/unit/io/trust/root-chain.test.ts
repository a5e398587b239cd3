import { describe, expect, it } from 'vitest';
import { hasLostKeys, isTrusted, loadRoots, rootName, settledVersion } from '../../../../lib/io/trust/root-chain.ts';
import type { ProvenRoot } from '../../../../lib/io/trust/root-chain.ts';
import type { TrustedMetadata } from '../../../../lib/io/trust/trusted-metadata.ts';
import { trustRoot } from '../../../../lib/io/trust/trusted-metadata.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import type { TufRepository } from '../../../helpers/tuf-repository.ts';
import { TUF_NOW, memoryStore, tufRepository } from '../../../helpers/tuf-repository.ts';

function loaded({ initialRoot }: TufRepository, store: ReturnType<typeof memoryStore>): { trusted: TrustedMetadata; roots: ProvenRoot[] } {
  const trusted = trustRoot(initialRoot, { now: TUF_NOW, profile: 'device', lastGood: null });
  return { trusted, roots: loadRoots(trusted, initialRoot, store) };
}

/** Four roots; the third takes a key of the timestamp away. */
function rotated(): TufRepository {
  const repository = tufRepository();
  repository.rotate('root', [testKey('root 2')]);
  repository.rotate('timestamp', [testKey('timestamp 2')]);
  repository.rotate('targets', [testKey('targets 2')]);
  return repository;
}

describe('stored roots', () => {
  it('are followed as far as each is signed by the one before', () => {
    const repository = rotated();
    const files = repository.copyFiles();
    expect(loaded(repository, memoryStore(files)).trusted.set.root.signed.version).toBe(4);
    files.delete('root.json');
    files.set('3.root.json', Buffer.from('{}'));
    const { trusted, roots } = loaded(repository, memoryStore(files));
    expect([trusted.set.root.signed.version, roots.map(({ signed }) => signed.version)]).toEqual([2, [1, 2]]);
  });

  it('have a second copy of the newest', () => {
    const repository = rotated();
    const files = repository.copyFiles();
    files.delete('4.root.json');
    expect(loaded(repository, memoryStore(files)).trusted.set.root.signed.version).toBe(4);
    files.delete('3.root.json');
    expect(loaded(repository, memoryStore(files)).trusted.set.root.signed.version).toBe(2);
  });

  it('are settled as far as root.json says, if that is one of them', () => {
    const repository = rotated();
    const files = repository.copyFiles();
    const store = memoryStore(files);
    const settled = (): number | null => {
      return settledVersion(loaded(repository, store).roots, store);
    };
    expect(settled()).toBe(4);
    files.set('root.json', files.get('2.root.json') ?? Buffer.alloc(0));
    expect(settled()).toBe(2);
    files.set('root.json', Buffer.from('damaged'));
    expect(settled()).toBe(null);
    files.delete('root.json');
    expect(settled()).toBe(null);
  });
});

it('knows since which root a key of timestamp or snapshot was taken away', () => {
  const repository = rotated();
  const { roots } = loaded(repository, memoryStore(repository.copyFiles()));
  expect([1, 2, 3, 4].map((version) => hasLostKeys(roots, version))).toEqual([true, true, false, false]);
});

it('throws what is no verdict', () => {
  const store = memoryStore(new Map([['x', Buffer.alloc(1)]]));
  const act = (): boolean =>
    isTrusted(store, 'x', 10, () => {
      throw new TypeError('a defect');
    });
  expect(act).toThrow('a defect');
  expect(isTrusted(store, 'y', 10, act)).toBe(false);
  expect(rootName(12)).toBe('12.root.json');
});
