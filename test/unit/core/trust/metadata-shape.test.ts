import { describe, expect, it } from 'vitest';
import type { MetadataKind, MetadataProfile } from '../../../../lib/core/trust/metadata-shape.ts';
import { vetMetadata } from '../../../../lib/core/trust/metadata-shape.ts';
import { matching } from '../../../helpers/matchers.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import type { MetadataJson, TufRepository } from '../../../helpers/tuf-repository.ts';
import { tufRepository } from '../../../helpers/tuf-repository.ts';

function site(): TufRepository {
  const repository = tufRepository();
  repository.delegate('branch-nightly');
  repository.put('manifest.json', 'stable');
  repository.publish();
  return repository;
}

function vet(bytes: Buffer, kind: MetadataKind, profile: MetadataProfile = 'device', role: string = kind): unknown {
  return vetMetadata(bytes, { name: `${kind}.json`, kind, role, profile, maxBytes: 64 * 1024 });
}

const NAMES: Record<MetadataKind, string> = {
  root: 'root.json',
  timestamp: 'timestamp.json',
  snapshot: '2.snapshot.json',
  targets: '2.targets.json',
};

/** The bytes of a kind of metadata, changed as text. */
function text(kind: MetadataKind, change: (text: string) => string): Buffer {
  return Buffer.from(change((site().files.get(NAMES[kind]) ?? Buffer.alloc(0)).toString()));
}

/** The same, changed as JSON. */
function json(kind: MetadataKind, change: (metadata: MetadataJson) => void): Buffer {
  const repository = site();
  repository.tamper(NAMES[kind], change);
  return repository.files.get(NAMES[kind]) ?? Buffer.alloc(0);
}

const put = (path: string, value: unknown) => (metadata: MetadataJson) => {
  const parts = path.split('/');
  const last = parts.pop() ?? '';
  const at = parts.reduce<unknown>(
    (object, part) => (typeof object === 'object' && object !== null ? Reflect.get(object, part) : undefined),
    metadata,
  );
  if (typeof at !== 'object' || at === null) throw new Error(`there is no '${path}'`);
  if (value === undefined) Reflect.deleteProperty(at, last);
  else Object.defineProperty(at, last, { value, enumerable: true, configurable: true, writable: true });
};

it.each<MetadataKind>(['root', 'timestamp', 'snapshot', 'targets'])('takes %s, and members that it does not know', (kind) => {
  const bytes = json(kind, (metadata) => {
    put('signed/x-other', { any: [1, 'thing'] })(metadata);
    put('custom', true)(metadata);
  });
  expect(vet(bytes, kind)).toMatchObject({ version: kind === 'root' ? 1 : 2 });
});

describe('no metadata', () => {
  it.each<[name: string, kind: MetadataKind, bytes: () => Buffer, message: RegExp]>([
    ['empty', 'timestamp', () => Buffer.alloc(0), /not valid JSON/],
    ['a page', 'timestamp', () => Buffer.from('<!doctype html>'), /not valid JSON/],
    ['cut', 'timestamp', () => text('timestamp', (json) => json.slice(0, -20)), /not valid JSON/],
    ['zeroes', 'timestamp', () => Buffer.alloc(900), /not valid JSON/],
    ['not-utf-8', 'timestamp', () => Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]), /UTF-8/],
    ['with-a-byte-order-mark', 'timestamp', () => text('timestamp', (json) => `\ufeff${json}`), /not valid JSON/],
    [
      'a-member-twice',
      'timestamp',
      () => text('timestamp', (json) => json.replace('"version"', '"version": 99,\n"version"')),
      /'version' appears twice/,
    ],
    ['a-member-twice-by-escape', 'targets', () => text('targets', (json) => json.replace('"version"', '"\\u0076ersion": 99,\n"version"')), /twice/],
    [
      'prototype',
      'targets',
      () => text('targets', (json) => json.replace('"targets": {', '"targets": { "__proto__": {"length":1,"hashes":{}},')),
      /__proto__/,
    ],
    ['bottomless', 'targets', () => Buffer.from('['.repeat(5000)), /levels deep/],
    ['too-large', 'timestamp', () => Buffer.alloc(65 * 1024, ' '), /65536 are allowed/],
    ['an-array', 'timestamp', () => Buffer.from('[]'), /invalid/],
    ['another-kind', 'snapshot', () => json('snapshot', put('signed/_type', 'targets')), /_type/],
    ['another-specification', 'timestamp', () => json('timestamp', put('signed/spec_version', '2.0.0')), /spec_version/],
    ['no-specification', 'timestamp', () => json('timestamp', put('signed/spec_version', undefined)), /spec_version/],
    ['version-zero', 'timestamp', () => json('timestamp', put('signed/version', 0)), /version/],
    ['version-below-zero', 'timestamp', () => json('timestamp', put('signed/version', -1)), /version/],
    ['version-of-fractions', 'timestamp', () => json('timestamp', put('signed/version', 1.5)), /version/],
    ['version-as-text', 'timestamp', () => json('timestamp', put('signed/version', '12')), /version/],
    ['version-beyond-numbers', 'timestamp', () => text('timestamp', (json) => json.replace(/"version": 2/, '"version": 1e999')), /version/],
    ['version-that-rounds', 'timestamp', () => text('timestamp', (json) => json.replace(/"version": 2/, '"version": 9007199254740993')), /version/],
    ['never-expires', 'timestamp', () => json('timestamp', put('signed/expires', 'never')), /expires/],
    ['expires-without-a-zone', 'timestamp', () => json('timestamp', put('signed/expires', '2030-01-01T00:00:00')), /expires/],
    ['expires-in-month-13', 'timestamp', () => json('timestamp', put('signed/expires', '2030-13-01T00:00:00Z')), /expires/],
    ['expires-as-number', 'timestamp', () => json('timestamp', put('signed/expires', 4e9)), /expires/],
    ['no-snapshot-in-timestamp', 'timestamp', () => json('timestamp', put('signed/meta', {})), /snapshot\.json/],
    ['no-meta', 'snapshot', () => json('snapshot', put('signed/meta', undefined)), /meta/],
    ['no-targets-in-snapshot', 'snapshot', () => json('snapshot', put('signed/meta', {})), /targets\.json/],
    ['odd-length', 'targets', () => json('targets', put('signed/targets/manifest.json/length', -1)), /length/],
    ['short-digest', 'targets', () => json('targets', put('signed/targets/manifest.json/hashes', { sha256: 'abcd' })), /sha256/],
    ['digest-in-capitals', 'targets', () => json('targets', put('signed/targets/manifest.json/hashes', { sha256: 'AB'.repeat(32) })), /sha256/],
    ['no-roles', 'root', () => json('root', put('signed/roles/snapshot', undefined)), /snapshot/],
    ['threshold-zero', 'root', () => json('root', put('signed/roles/targets/threshold', 0)), /threshold/],
    ['threshold-of-fractions', 'root', () => json('root', put('signed/roles/targets/threshold', 0.5)), /threshold/],
    ['no-consistent-snapshot', 'root', () => json('root', put('signed/consistent_snapshot', undefined)), /consistent_snapshot/],
    ['signatures-as-object', 'timestamp', () => json('timestamp', put('signatures', {})), /signatures/],
    ['rsa-key', 'root', () => json('root', put(`signed/keys/${testKey('root').id}/keytype`, 'rsa')), /only ed25519/],
    ['another-scheme', 'root', () => json('root', put(`signed/keys/${testKey('root').id}/scheme`, 'ed448')), /only ed25519/],
    ['key-id-that-is-none', 'root', () => json('root', put('signed/keys/root', testKey('other').json)), /no sha256/],
  ])('is %s', (_name, kind, bytes, message) => {
    expect(() => vet(bytes(), kind)).toThrow(expect.objectContaining({ code: 'METADATA_INVALID', message: matching(message) }));
  });
});

describe('no signature', () => {
  const identity = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: `01${'00'.repeat(31)}` } };
  it.each<[name: string, kind: MetadataKind, bytes: () => Buffer, message: RegExp]>([
    ['of-small-order', 'root', () => json('root', put(`signed/keys/${'a'.repeat(64)}`, identity)), /small order/],
    ['of-a-short-key', 'root', () => json('root', put(`signed/keys/${testKey('root').id}/keyval`, { public: 'abcd' })), /32 bytes/],
    ['of-small-order-in-a-delegation', 'targets', () => json('targets', put(`signed/delegations/keys/${'a'.repeat(64)}`, identity)), /small order/],
    ['one-key-under-two-ids', 'root', () => json('root', put(`signed/keys/${'a'.repeat(64)}`, testKey('root').json)), /is the same as/],
    ['63-bytes', 'timestamp', () => json('timestamp', put('signatures/0/sig', 'ab'.repeat(63))), /64 bytes/],
    ['65-bytes', 'timestamp', () => json('timestamp', put('signatures/0/sig', 'ab'.repeat(65))), /64 bytes/],
    ['no-hex', 'timestamp', () => json('timestamp', put('signatures/0/sig', 'zz'.repeat(64))), /64 bytes/],
    ['empty', 'timestamp', () => json('timestamp', put('signatures/0/sig', '')), /64 bytes/],
    ['twice', 'timestamp', () => json('timestamp', ({ signatures }) => { signatures.push(...signatures.slice(0, 1)); }), /signed it twice/], // prettier-ignore
  ])('is one that is %s', (_name, kind, bytes, message) => {
    expect(() => vet(bytes(), kind)).toThrow(expect.objectContaining({ code: 'SIGNATURE_INVALID', message: matching(message) }));
  });
});

describe('a delegation', () => {
  const role = 'signed/delegations/roles/0';
  it.each<[name: string, change: (metadata: MetadataJson) => void, message: RegExp]>([
    ['to stable', (json) => { put(`${role}/name`, 'branch-stable')(json); put(`${role}/paths`, ['manifest.json', 'releases.json'])(json); }, /'branch-stable' is none of a branch/], // prettier-ignore
    ['to a role of another name', put(`${role}/name`, 'ci'), /'ci' is none of a branch/],
    ['to a name out of its folder', put(`${role}/name`, 'branch-../x'), /none of a branch/],
    ['of one path more', put(`${role}/paths`, ['manifest_nightly.json', 'releases_nightly.json', 'manifest.json']), /'manifest_nightly\.json' and/],
    ['of all paths', put(`${role}/paths`, ['*']), /has to be for/],
    ['of the paths of another branch', put(`${role}/paths`, ['manifest_beta.json', 'releases_beta.json']), /has to be for/],
    ['by digests of paths', (json) => { put(`${role}/paths`, undefined)(json); put(`${role}/path_hash_prefixes`, ['00'])(json); }, /has to be for/], // prettier-ignore
    ['that is not the last', put(`${role}/terminating`, false), /has to be for/],
    ['that is there twice', ({ signed }) => { const { delegations } = signed; Object.assign(delegations ?? {}, { roles: [...site().targets.delegations?.roles ?? [], ...site().targets.delegations?.roles ?? []] }); }, /there twice/], // prettier-ignore
  ])('is refused %s', (_name, change, message) => {
    expect(() => vet(json('targets', change), 'targets')).toThrow(expect.objectContaining({ code: 'METADATA_INVALID', message: matching(message) }));
  });

  it('is for targets alone: a branch delegates to no other', () => {
    const bytes = json('targets', () => undefined);
    expect(() => vet(bytes, 'targets', 'device', 'branch-beta')).toThrow(/only 'targets' may delegate/);
  });

  it('may be any in metadata of other projects', () => {
    expect(vet(json('targets', put(`${role}/paths`, ['*'])), 'targets', 'tuf')).toMatchObject({ version: 2 });
    expect(vet(json('root', put(`signed/keys/${testKey('root').id}/keytype`, 'rsa')), 'root', 'tuf')).toMatchObject({ version: 1 });
  });
});
