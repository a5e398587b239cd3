import { expect, it } from 'vitest';
import {
  EXPIRY_DAYS_MEMBER,
  KEY_NAME_MEMBER,
  MAX_DELEGATIONS,
  MAX_ROOT_ROTATIONS,
  METADATA_FOLDER,
  METADATA_MAX_BYTES,
  SIGNED_AT_MEMBER,
  branchRole,
  branchTargets,
  metadataPath,
  targetCopyPath,
} from '../../../../lib/core/trust/metadata-layout.ts';

it('has its names below one folder', () => {
  expect(METADATA_FOLDER).toBe('tuf');
  expect(metadataPath('4.root.json')).toBe('tuf/4.root.json');
  expect(targetCopyPath('manifest.json', 'ab12')).toBe('tuf/targets/ab12.manifest.json');
  expect(targetCopyPath('a/b.json', 'ab12')).toBe('tuf/targets/a/ab12.b.json');
});

it('gives a branch its own role and its own two documents', () => {
  expect(branchRole('nightly')).toBe('branch-nightly');
  expect(branchTargets('nightly')).toEqual(['manifest_nightly.json', 'releases_nightly.json']);
  expect(branchTargets('stable')).toEqual(['manifest.json', 'releases.json']);
});

it('limits what is read', () => {
  expect(METADATA_MAX_BYTES).toEqual({ root: 65_536, timestamp: 16_384, snapshot: 2_097_152, targets: 5_242_880 });
  expect([MAX_ROOT_ROTATIONS, MAX_DELEGATIONS]).toEqual([256, 8]);
});

it('marks what is ours', () => {
  expect([EXPIRY_DAYS_MEMBER, KEY_NAME_MEMBER, SIGNED_AT_MEMBER].filter((name) => !name.startsWith('x-pikit-'))).toEqual([]);
});
