import { describe, expect, it } from 'vitest';
import { branchSigners } from '../../../../lib/core/trust/branch-signers.ts';
import { keyFingerprint } from '../../../../lib/core/trust/fingerprint.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import { tufRepository } from '../../../helpers/tuf-repository.ts';

const repository = tufRepository({ keys: { targets: [testKey('ada')] } });
repository.delegate('branch-nightly', { keys: [testKey('ci'), testKey('joan')] });
repository.publish();
const root = repository.initialRoot;
const targets = repository.files.get(repository.nameOf('targets')) ?? null;
const key = (name: string) => ({ name, fingerprint: keyFingerprint(testKey(name).publicHex) });

describe('branchSigners', () => {
  it('are the keys of the branch, or those of targets for one without keys of its own', () => {
    expect(branchSigners('nightly', { root, targets })).toEqual([key('ci'), key('joan')]);
    expect(branchSigners('stable', { root, targets })).toEqual([key('ada')]);
    expect(branchSigners('beta', { root, targets })).toEqual([key('ada')]);
  });

  it.each<[name: string, metadata: Parameters<typeof branchSigners>[1]]>([
    ['there is nothing', { root: null, targets: null }],
    ['targets are not known', { root, targets: null }],
    ['the root is damaged', { root: Buffer.from('{'), targets }],
    ['the root is something else', { root: Buffer.from('[]'), targets }],
  ])('are not known where %s', (_name, metadata) => {
    expect(branchSigners('stable', metadata)).toBe(null);
  });

  it('have no name where it is none, and are none without a key', () => {
    const odd = (change: object): Buffer => Buffer.from(JSON.stringify({ signed: { ...repository.targets, delegations: change } }));
    const { id, json } = testKey('ci');
    const roles = [{ name: 'branch-nightly', keyids: [id, 'constructor'] }];
    expect(branchSigners('nightly', { root, targets: odd({ roles, keys: { [id]: { ...json, 'x-pikit-name': 5 } } }) })).toEqual([
      { ...key('ci'), name: null },
    ]);
    expect(branchSigners('nightly', { root, targets: odd({ roles, keys: {} }) })).toBe(null);
  });
});
