import { describe, expect, it } from 'vitest';
import type { ListedRelease } from '../../../../lib/core/release/release-list.ts';
import { RELEASE_LIST_KEEPS, RELEASE_LIST_MAX_BYTES, parseReleaseList, releaseListText } from '../../../../lib/core/release/release-list.ts';

const ENTRY: ListedRelease = {
  version: '1.5.0',
  sequence: 3,
  released: '2026-11-20T10:00:00Z',
  min_version: '1.0.0',
  arch: ['arm64'],
  manifest: { path: 'manifests/stable/1.5.0.json', size: 900, sha256: 'a'.repeat(64) },
};
const parse = (value: unknown): ListedRelease[] => parseReleaseList(Buffer.from(JSON.stringify(value)), 'the list', 'stable');

describe('a list of releases', () => {
  it('is read as it was written, and survives what a later version adds', () => {
    expect(parseReleaseList(Buffer.from(releaseListText([ENTRY])), 'the list', 'stable')).toEqual([ENTRY]);
    expect(parse({ schema: 1, more: 1, releases: [{ ...ENTRY, more: 1 }] })).toEqual([ENTRY]);
  });

  it('keeps the newest where there are too many, and stays within its size', () => {
    const text = releaseListText(Array.from({ length: RELEASE_LIST_KEEPS + 5 }, () => ENTRY));
    expect(parseReleaseList(Buffer.from(text), 'the list', 'stable')).toHaveLength(RELEASE_LIST_KEEPS);
    expect(text.length).toBeLessThan(RELEASE_LIST_MAX_BYTES);
  });

  it.each([
    ['a-later-schema', { schema: 2, releases: [] }],
    ['no-releases', { schema: 1 }],
    ['no-version', { schema: 1, releases: [{ ...ENTRY, version: 'one' }] }],
    ['a-path-that-leads-out', { schema: 1, releases: [{ ...ENTRY, manifest: { ...ENTRY.manifest, path: 'manifests/stable/../../1.5.0.json' } }] }],
    ['an-address', { schema: 1, releases: [{ ...ENTRY, manifest: { ...ENTRY.manifest, path: 'https://other.example/1.5.0.json' } }] }],
    ['another-branch', { schema: 1, releases: [{ ...ENTRY, manifest: { ...ENTRY.manifest, path: 'manifests/beta/1.5.0.json' } }] }],
    ['another-version', { schema: 1, releases: [{ ...ENTRY, version: '1.6.0' }] }],
  ])('is refused: %s', (_name, value) => {
    expect(() => parse(value)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });
});
