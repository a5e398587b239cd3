import { describe, expect, it } from 'vitest';
import type { MetadataVersions } from '../../../../lib/core/trust/metadata-facts.ts';
import { firstBehind, rootFacts, snapshotFacts, targetsFacts, timestampFacts } from '../../../../lib/core/trust/metadata-facts.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { matching } from '../../../helpers/matchers.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import { tufRepository } from '../../../helpers/tuf-repository.ts';

function file(name: string): Buffer {
  const repository = tufRepository({ keys: { root: [testKey('Ada'), testKey('Ben')] }, thresholds: { root: 2 } });
  repository.delegate('branch-nightly');
  repository.put('manifest.json', 'stable');
  repository.put('manifest_nightly.json', 'nightly', 'branch-nightly');
  repository.publish();
  return repository.files.get(name) ?? Buffer.alloc(0);
}

it('reads what files name of each other', () => {
  expect(timestampFacts(file('timestamp.json'), 'x')).toEqual({ version: 2, snapshot: 2 });
  const { version, roles } = snapshotFacts(file('2.snapshot.json'), 'x');
  expect([version, Object.fromEntries(roles)]).toEqual([2, { targets: 2, 'branch-nightly': 1 }]);
  expect([...targetsFacts(file('2.targets.json'), 'x').documents]).toEqual([['manifest.json', sha256('stable')]]);
  expect([...targetsFacts(file('1.branch-nightly.json'), 'x').documents]).toEqual([['manifest_nightly.json', sha256('nightly')]]);
});

it('reads the keys of a root as people compare them', () => {
  const { version, keys, threshold } = rootFacts(file('root.json'), 'x');
  expect([version, threshold, keys.map(({ name }) => name)]).toEqual([1, 2, ['Ada', 'Ben']]);
  for (const { fingerprint } of keys) expect(fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
});

describe('what is no such file', () => {
  const hostile = { signed: { _type: 'snapshot', version: 1, meta: { '../../x.json': { version: 1 } } } };
  it.each<[string, (bytes: Buffer, where: string) => unknown, Buffer]>([
    ['half', timestampFacts, file('timestamp.json').subarray(1)],
    ['another-kind', timestampFacts, file('root.json')],
    ['no-version', snapshotFacts, Buffer.from(file('2.snapshot.json').toString().replaceAll('"version": 2', '"version": 0'))],
    ['leads-out-of-its-folder', snapshotFacts, Buffer.from(JSON.stringify(hostile))],
    [
      'no-digest',
      targetsFacts,
      Buffer.from(
        file('2.targets.json')
          .toString()
          .replace(/"sha256": "[0-9a-f]/, '"sha256": "'),
      ),
    ],
  ])('%s', (_name, facts, bytes) => {
    expect(() => facts(bytes, "'tuf/x.json'")).toThrow(expect.objectContaining({ code: 'METADATA_INVALID', message: matching("^'tuf/x.json' is") }));
  });
});

describe('firstBehind', () => {
  const state = (root: number, timestamp: number, snapshot: number, roles: Record<string, number>): MetadataVersions => ({
    root,
    timestamp,
    snapshot,
    roles: new Map(Object.entries(roles)),
  });
  const OURS = state(2, 9, 8, { targets: 5, 'branch-nightly': 3 });
  it.each<[string, MetadataVersions, string | null]>([
    ['same', OURS, null],
    ['older-everywhere', state(1, 1, 1, { targets: 1 }), null],
    ['root', state(3, 1, 1, {}), 'tuf/root.json 2 < 3'],
    ['timestamp', state(2, 10, 8, { targets: 5 }), 'tuf/timestamp.json 9 < 10'],
    ['snapshot', state(2, 9, 9, { targets: 5 }), 'tuf/snapshot.json 8 < 9'],
    ['targets', state(2, 8, 8, { targets: 6 }), 'tuf/targets.json 5 < 6'],
    ['branch', state(2, 8, 8, { targets: 5, 'branch-nightly': 4 }), 'tuf/branch-nightly.json 3 < 4'],
    ['branch-that-we-do-not-have', state(2, 8, 8, { 'branch-beta': 1 }), 'tuf/branch-beta.json 0 < 1'],
  ])('%s', (_name, theirs, expected) => {
    const behind = firstBehind(OURS, theirs);
    expect(behind === null ? null : `${behind.path} ${String(behind.ours)} < ${String(behind.theirs)}`).toBe(expected);
  });
});
