import { describe, expect, it } from 'vitest';
import { keyFingerprint } from '../../../../lib/core/trust/fingerprint.ts';
import { readRootDocument } from '../../../../lib/io/trust/root-document.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import type { RootJson } from '../../../helpers/tuf-repository.ts';
import { tufRepository } from '../../../helpers/tuf-repository.ts';
import { matching } from '../../../helpers/matchers.ts';

const [ADA, GRACE, JOAN] = [testKey('ada'), testKey('grace'), testKey('joan')];

describe('readRootDocument', () => {
  it('describes a root: roles with their keys, and which of them have signed it', () => {
    const repository = tufRepository({ keys: { root: [ADA, GRACE, JOAN], targets: [ADA] }, thresholds: { root: 2 } });
    const root = readRootDocument(repository.sign(repository.root, [ADA, JOAN]), 'root.json');
    const key = ({ name, publicHex }: typeof ADA, hasSigned: boolean) => ({ name, fingerprint: keyFingerprint(publicHex), hasSigned });
    expect(root).toMatchObject({ version: 1, expires: new Date('2027-11-01T12:00:00Z') });
    expect(root.roles.slice(0, 2)).toEqual([
      { role: 'root', threshold: 2, keys: [key(ADA, true), key(GRACE, false), key(JOAN, true)] },
      { role: 'targets', threshold: 1, keys: [key(ADA, true)] },
    ]);
    expect(root.roles.map(({ role }) => role)).toEqual(['root', 'targets', 'snapshot', 'timestamp']);
  });

  it.each<[name: string, code: string, change: (root: RootJson) => void]>([
    ['asks for more keys than it has', 'METADATA_INVALID', (root) => (root.roles.targets.threshold = 2)],
    ['names a key that it does not have', 'METADATA_INVALID', (root) => (root.roles.timestamp.keyids = ['0'.repeat(64)])],
    ['never expires, as its date is none', 'METADATA_INVALID', (root) => (root.expires = 'never')],
    ['has a threshold of a half', 'METADATA_INVALID', (root) => (root.roles.root.threshold = 0.5)],
    ['has a version that is none', 'METADATA_INVALID', (root) => (root.version = 1.5)],
    [
      'has one key under two ids, which would count twice',
      'SIGNATURE_INVALID',
      (root) => {
        root.keys['1'.repeat(64)] = ADA.json;
        root.roles.root.keyids.push('1'.repeat(64));
      },
    ],
    ['has a key of another kind', 'METADATA_INVALID', (root) => (root.keys[ADA.id] = { ...ADA.json, keytype: 'rsa' })],
  ])('refuses one that %s', (_name, code, change) => {
    const repository = tufRepository({ keys: { root: [ADA] } });
    change(repository.root);
    const read = () => readRootDocument(repository.sign(repository.root, [ADA]), 'root.json');
    expect(read).toThrow(expect.objectContaining({ code, hint: matching(/./) }));
  });

  it('counts no signature twice, and none of a stranger', () => {
    const repository = tufRepository({ keys: { root: [ADA, GRACE] }, thresholds: { root: 2 } });
    const signedBy =
      (...keys: (typeof ADA)[]) =>
      () =>
        readRootDocument(repository.sign(repository.root, keys), 'root.json');
    expect(signedBy(ADA, JOAN)).toThrow("'root.json' is signed by 1 of its own keys, and needs 2");
    expect(signedBy(ADA, ADA)).toThrow(expect.objectContaining({ code: 'SIGNATURE_INVALID' }));
    expect(signedBy(ADA, GRACE)().version).toBe(1);
  });
});

it('vouches for what enough of its keys have signed, and for nothing else', () => {
  const repository = tufRepository({ keys: { root: [ADA, GRACE] }, thresholds: { root: 2 } });
  const first = readRootDocument(repository.initialRoot, '1.root.json');
  const next = (keys: (typeof ADA)[], signers: (typeof ADA)[]) => {
    const known: RootJson['keys'] = { ...repository.root.keys };
    for (const { id, json } of keys) known[id] = json;
    const root: RootJson = { ...repository.root, version: 2, keys: known };
    const roles = { ...root.roles, root: { keyids: keys.map(({ id }) => id), threshold: 1 } };
    return readRootDocument(repository.sign({ ...root, roles }, signers), '2.root.json');
  };
  expect(first.vouchesFor(next([JOAN], [JOAN, ADA, GRACE]))).toBe(true);
  expect(first.vouchesFor(next([JOAN], [JOAN, ADA]))).toBe(false);
  expect(first.vouchesFor(next([JOAN], [JOAN]))).toBe(false);
});
