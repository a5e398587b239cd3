import { Metadata, MetadataKind } from '@tufjs/models';
import { expect, it } from 'vitest';
import { signatureProblem } from '../../../../lib/io/trust/signature-problem.ts';
import { trustRoot } from '../../../../lib/io/trust/trusted-metadata.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import { TUF_NOW, tufRepository } from '../../../helpers/tuf-repository.ts';

const keys = ['Ada', 'Bob', 'Cyd'].map(testKey);
const repository = tufRepository({ keys: { targets: keys }, thresholds: { targets: 3 } });
const { set } = trustRoot(repository.initialRoot, { now: TUF_NOW, profile: 'device', lastGood: null });
const asked = { name: '2.targets.json', kind: 'targets' as const, role: 'targets' };
const signedBy = (...names: string[]): Buffer => repository.sign({ ...repository.targets, version: 2 }, names.map(testKey));
const problem = (bytes: Buffer, role = 'targets') => signatureProblem(bytes, { ...asked, role }, set.root, new Error('refused'));

it.each<[signers: string[], message: string]>([
  [[], "signed by 0 of the keys that may sign it, and 3 are needed; no valid signature of 'Ada', 'Bob', 'Cyd'"],
  [['Ada', 'Cyd'], "signed by 2 of the keys that may sign it, and 3 are needed; no valid signature of 'Bob'"],
  [
    ['Ada', 'eve', 'mallory'],
    "signed by 1 of the keys that may sign it, and 3 are needed; no valid signature of 'Bob', 'Cyd'; 2 of a key that may not sign it",
  ],
])('says who has not signed: %j', (signers, message) => {
  expect(problem(signedBy(...signers))).toMatchObject({
    code: 'SIGNATURE_INVALID',
    message: `'2.targets.json' (role targets, version 2) is ${message}`,
  });
});

it('says what tuf-js said of what is signed well enough', () => {
  expect(problem(signedBy('Ada', 'Bob', 'Cyd'))).toMatchObject({
    code: 'METADATA_INVALID',
    message: "'2.targets.json' (role targets, version 2) is refused: refused",
  });
});

it('says that a role is none', () => {
  expect(problem(signedBy('Ada'), 'branch-beta')).toMatchObject({
    code: 'SIGNATURE_INVALID',
    message: "'2.targets.json' is of the role 'branch-beta', which no trusted role delegates to",
  });
});

it('says why what cannot be read cannot be', () => {
  expect(problem(Buffer.from('{}'))).toMatchObject({ code: 'METADATA_INVALID', message: "'2.targets.json' is invalid: refused" });
  expect(() => Metadata.fromJSON(MetadataKind.Targets, {})).toThrow();
});
