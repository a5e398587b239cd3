import { describe, expect, it } from 'vitest';
import type { GiteaRelease } from '../../../../lib/core/network/gitea.ts';
import { findFile, newestFirst, parseGiteaReleases, versionOfTag } from '../../../../lib/core/network/gitea.ts';

type Row = Partial<Omit<GiteaRelease, 'assets'>> & { tag: string; has?: string };

/** Releases in the order of their creation; `has` lists assets: m(anifest.json), b(eta manifest), l(ist of branches), t(ar). */
function releases(...rows: Row[]): GiteaRelease[] {
  const names: Readonly<Record<string, string>> = { m: 'manifest.json', b: 'manifest_beta.json', l: 'branches.json' };
  return rows.map(({ tag, has = 'mt', ...rest }, index) => ({
    id: index + 1,
    tag_name: tag,
    draft: false,
    prerelease: false,
    created_at: index + 1,
    published_at: null,
    assets: Array.from(has).map((letter, at) => ({ id: at, name: names[letter] ?? `pikit-${tag.replace(/^v/, '')}.tar.gz`, size: 1 })),
    ...rest,
  }));
}

const beta = { prerelease: true, has: 'bt' };

describe('findFile', () => {
  it.each<[string, string, string, Row[], string | number]>([
    ['highest-version', 'manifest.json', 'stable', [{ tag: 'v1.4.0' }, { tag: 'v1.3.9' }], 'v1.4.0'],
    ['without-v', 'manifest.json', 'stable', [{ tag: '1.9.0' }, { tag: '1.10.0' }], '1.10.0'],
    ['drafts-do-not-count', 'manifest.json', 'stable', [{ tag: 'v1.0.0' }, { tag: 'v2.0.0', draft: true }], 'v1.0.0'],
    ['pre-releases-do-not-count', 'manifest.json', 'stable', [{ tag: 'v1.0.0' }, { tag: 'v2.0.0', prerelease: true }], 'v1.0.0'],
    ['half-releases-do-not-count', 'manifest.json', 'stable', [{ tag: 'v1.0.0' }, { tag: 'v2.0.0', has: 't' }], 'v1.0.0'],
    ['other-tags-do-not-count', 'manifest.json', 'stable', [{ tag: 'v1.0.0' }, { tag: 'nightly' }, { tag: 'v2' }], 'v1.0.0'],
    [
      'signed-metadata-does-not-count',
      'manifest_beta.json',
      'beta',
      [
        { tag: 'v1.0.0', ...beta },
        { tag: 'TUF', has: 'mblt' },
      ],
      'v1.0.0',
    ],
    ['twice-the-newer', 'manifest.json', 'stable', [{ tag: '1.4.0' }, { tag: 'v1.4.0' }], 'v1.4.0'],
    ['twice-the-complete', 'manifest.json', 'stable', [{ tag: '1.4.0' }, { tag: 'v1.4.0', has: 'm' }], '1.4.0'],
    [
      'twice-at-one-moment',
      'manifest.json',
      'stable',
      [
        { tag: 'v1.4.0', created_at: 5 },
        { tag: '1.4.0', created_at: 5 },
      ],
      '1.4.0',
    ],
    [
      'beta-the-newest',
      'manifest_beta.json',
      'beta',
      [
        { tag: 'v2.0.0-beta.2', ...beta },
        { tag: 'v2.0.0-beta.1', ...beta },
      ],
      'v2.0.0-beta.1',
    ],
    [
      'beta-by-publication',
      'manifest_beta.json',
      'beta',
      [
        { tag: 'v2.0.0', ...beta, published_at: 9 },
        { tag: 'v1.0.0', ...beta },
      ],
      'v2.0.0',
    ],
    [
      'beta-on-a-stable-release',
      'manifest_beta.json',
      'beta',
      [
        { tag: 'v1.0.0', ...beta },
        { tag: 'v2.0.0', has: 'mbt' },
      ],
      'v2.0.0',
    ],
    [
      'beta-not-in-drafts',
      'manifest_beta.json',
      'beta',
      [
        { tag: 'v1.0.0', ...beta },
        { tag: 'v2.0.0', ...beta, draft: true },
      ],
      'v1.0.0',
    ],
    ['beta-by-any-tag', 'manifest_beta.json', 'beta', [{ tag: 'nightly', ...beta }], 'nightly'],
    ['list-the-newest', 'branches.json', 'stable', [{ tag: 'v2.0.0', has: 'l' }, { tag: 'v1.0.0', has: 'l' }, { tag: 'v3.0.0' }], 'v1.0.0'],
    ['list-on-a-pre-release', 'branches.json', 'stable', [{ tag: 'v1.0.0', prerelease: true, has: 'btl' }], 'v1.0.0'],
    ['bundle', 'bundles/pikit-1.4.0.tar.gz', 'stable', [{ tag: 'v1.4.0' }, { tag: 'v1.5.0' }], 'v1.4.0'],
    ['bundle-twice-with-its-manifest', 'bundles/pikit-1.4.0.tar.gz', 'stable', [{ tag: '1.4.0' }, { tag: 'v1.4.0', has: 't' }], '1.4.0'],
    ['bundle-twice-beta', 'bundles/pikit-1.4.0.tar.gz', 'beta', [{ tag: '1.4.0', ...beta }, { tag: 'v1.4.0' }], '1.4.0'],
    ['bundle-of-a-draft', 'bundles/pikit-1.4.0.tar.gz', 'stable', [{ tag: 'v1.4.0', draft: true }], 0],
    ['no-such-place', 'files/stable/web/index.html', 'stable', [{ tag: 'v1.4.0' }], 0],
    [
      'tag-that-climbs',
      'manifest_beta.json',
      'beta',
      [
        { tag: '..', ...beta },
        { tag: '.', ...beta },
        { tag: '', ...beta },
      ],
      0,
    ],
    [
      'tag-that-is-no-text',
      'manifest_beta.json',
      'beta',
      [
        { tag: '\ud800', ...beta },
        { tag: 'a b', ...beta },
        { tag: 'a\u001b', ...beta },
      ],
      0,
    ],
  ])('%s', (_name, path, branch, rows, expected) => {
    for (const list of [releases(...rows), releases(...rows).toReversed()]) {
      const found = findFile(list, path, branch);
      expect('missing' in found ? 0 : found.release.tag_name).toBe(expected);
      if (!('missing' in found)) expect(found.asset).toBe(path.replace('bundles/', ''));
    }
  });

  it('finds a bundle of another name, or in a release with another tag', () => {
    const [one] = releases({ tag: 'v1.4.0', has: 'm' });
    if (one === undefined) throw new Error('no release');
    const renamed = { ...one, tag_name: 'autumn', assets: [{ id: 1, name: 'pikit-1.4.0.tar.gz', size: 1 }] };
    expect(findFile([one, renamed], 'bundles/pikit-1.4.0.tar.gz', 'stable')).toMatchObject({ release: { tag_name: 'autumn' } });
  });

  it.each<[string, string, Row[], string]>([
    ['nothing', 'manifest.json', [], 'it has no releases'],
    ['only-drafts', 'manifest.json', [{ tag: 'v1.0.0', draft: true }], 'it has no releases'],
    ['only-pre-releases', 'manifest.json', [{ tag: 'v1.0.0', prerelease: true }], 'none of its releases has a version as its tag'],
    ['no-version', 'manifest.json', [{ tag: 'x' }], 'none of its releases has a version as its tag'],
    [
      'no-manifest',
      'manifest.json',
      [{ tag: 'v1.0.0', has: 't' }],
      "its release 'v1.0.0' has no asset 'manifest.json', and no other release that counts has one",
    ],
    [
      'no-bundle',
      'bundles/pikit-1.0.0.tar.gz',
      [{ tag: 'v1.0.0', has: 'm' }, { tag: 'v2.0.0' }],
      "its release 'v1.0.0' has no asset 'pikit-1.0.0.tar.gz'",
    ],
  ])('says what is missing: %s', (_name, path, rows, missing) => {
    expect(findFile(releases(...rows), path, 'stable')).toEqual({ missing });
  });
});

it.each([
  ['v1.4.0', '1.4.0'],
  ['1.4.0', '1.4.0'],
  ['v1.5.0-beta.1', '1.5.0-beta.1'],
  ['vv1.4.0', null],
  ['v1.4', null],
  ['release-1.4.0', null],
])('the version of the tag %s is %s', (tag, version) => {
  expect(versionOfTag(tag)).toBe(version);
});

it('newestFirst: by publication, then by id', () => {
  const list = releases(
    { tag: 'a', created_at: 1 },
    { tag: 'b', created_at: 3 },
    { tag: 'c', created_at: 3 },
    { tag: 'd', created_at: 1, published_at: 9 },
  );
  expect(list.toSorted(newestFirst).map(({ tag_name: tag }) => tag)).toEqual(['d', 'c', 'b', 'a']);
});

describe('parseReleases', () => {
  const parse = (value: unknown): GiteaRelease[] =>
    parseGiteaReleases(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), 'the list');

  it('takes what servers send, and ignores what it does not know', () => {
    const asset = { id: 9, name: 'a', size: 5, uuid: 'x', browser_download_url: 'file:///etc/passwd' };
    expect(parse([{ id: 1, tag_name: 'v1.0.0', created_at: '2026-01-01T00:00:00Z', author: { x: 1 }, assets: [asset] }])).toEqual([
      { id: 1, tag_name: 'v1.0.0', draft: false, prerelease: false, created_at: 1_767_225_600_000, assets: [{ id: 9, name: 'a', size: 5 }] },
    ]);
  });

  it('takes null for no assets, no time for the oldest, and no asset that is still being uploaded', () => {
    expect(parse([{ id: 1, tag_name: 'x', created_at: 'soon', published_at: null, assets: null }])[0]).toMatchObject({ created_at: 0, assets: [] });
    const assets = [
      { id: 1, name: 'a', size: 0, state: 'open' },
      { id: 2, name: 'b', size: 1, state: 'uploaded' },
    ];
    expect(parse([{ id: 1, tag_name: 'x', created_at: '', assets }])[0]?.assets.map(({ name }) => name)).toEqual(['b']);
  });

  it.each([
    ['a login page', '<!doctype html><title>Welcome to the hotel</title>'],
    ['an object', { message: 'x' }],
    ['no id', [{ tag_name: 'v1', created_at: '' }]],
    ['a negative size', [{ id: 1, tag_name: 'v1', created_at: '', assets: [{ id: 1, name: 'a', size: -1 }] }]],
    ['too many', Array.from({ length: 1001 }, (_value, id) => ({ id, tag_name: 'v1', created_at: '' }))],
    ['a key twice', '[{"id":1,"id":2,"tag_name":"v1","created_at":""}]'],
  ])('refuses %s', (_name, value) => {
    expect(() => parse(value)).toThrow(expect.objectContaining({ code: 'HTTP_PROTOCOL' }));
  });
});
