import { Key } from '@tufjs/models';
import { expect, it } from 'vitest';
import { keyFingerprint } from '../../../../lib/core/trust/fingerprint.ts';
import { countedKeys, fingerprintOf, keyName, signingRole } from '../../../../lib/io/trust/signers.ts';
import { trustRoot } from '../../../../lib/io/trust/trusted-metadata.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import { TUF_NOW, tufRepository } from '../../../helpers/tuf-repository.ts';

function key(name: unknown, keyType = 'ed25519', value = testKey('Ada').publicHex): Key {
  return Key.fromJSON('the-id', {
    keytype: keyType,
    scheme: 'ed25519',
    keyval: { public: value },
    ...(typeof name === 'string' ? { 'x-pikit-name': name } : {}),
  });
}

it('counts the keys of a role that have signed, and no others', () => {
  const keys = ['Ada', 'Bob', 'Cyd'].map(testKey);
  const repository = tufRepository({ keys: { root: keys } });
  const initialRoot = repository.sign(repository.root, [...keys.slice(0, 2), testKey('eve')]);
  const { root } = trustRoot(initialRoot, { now: TUF_NOW, profile: 'device', lastGood: null }).set;
  const role = signingRole(root, 'root');
  expect(role?.threshold).toBe(1);
  expect(countedKeys(role ?? { threshold: 0, keys: [] }, root).map(keyName)).toEqual(['Ada', 'Bob']);
  expect([signingRole(root, 'branch-beta'), signingRole(root, 'constructor')]).toEqual([null, null]);
});

it('shows names that cannot drive a terminal, and none that is none', () => {
  expect(['Ada', 'A\u001b[31mda', '', null].map((name) => keyName(key(name)))).toEqual(['Ada', 'A [31mda', null, null]);
  expect(keyName(key('x'.repeat(500)))).toHaveLength(100);
});

it('knows a key by its fingerprint, or by its id where it is of another kind', () => {
  expect(fingerprintOf(key('Ada'))).toBe(keyFingerprint(testKey('Ada').publicHex));
  expect(fingerprintOf(key('Ada', 'rsa', '-----BEGIN PUBLIC KEY-----'))).toBe('the-id');
});
