import { describe, expect, it } from 'vitest';
import type { GiteaRelease } from '../../../../lib/core/network/gitea.ts';
import type { PublishStep, WantedRelease } from '../../../../lib/release/publish/publish-plan.ts';
import {
  isBundle,
  planAsset,
  planRelease,
  releaseForBranches,
  releaseOfVersion,
  shadowedAssets,
} from '../../../../lib/release/publish/publish-plan.ts';

const TAR = 'pikit-1.4.0.tar.gz';
const WANTED: WantedRelease = {
  version: '1.4.0',
  branches: ['stable'],
  notes: 'Better.\n',
  bundle: { name: TAR, size: 10, sha256: 'ab' },
  manifests: [{ name: 'manifest.json', size: 5 }],
};
const BETA: WantedRelease = { ...WANTED, branches: ['beta'], manifests: [{ name: 'manifest_beta.json', size: 5 }] };

/** A release whose assets have the ids 1, 2, 3 … */
function there(fields: Partial<Omit<GiteaRelease, 'assets'>>, ...names: string[]): GiteaRelease {
  const assets = names.map((name, index) => ({ id: index + 1, name, size: name === TAR ? 10 : 5 }));
  return { id: 7, tag_name: 'v1.4.0', draft: false, prerelease: false, created_at: 1, ...fields, assets };
}

/** A plan in short: `+name`, `-id`, `show`. */
function short(steps: readonly PublishStep[]): string {
  return steps
    .map((step) => {
      if (step.do === 'create') return `create${step.prerelease ? ' pre' : ''}`;
      if (step.do === 'show') return `show${step.prerelease ? ' pre' : ''}`;
      return step.do === 'upload' ? `+${step.name.replace(/^pikit-.*/, 'tar')}` : `-${String(step.asset)}`;
    })
    .join(', ');
}

describe('planRelease', () => {
  it.each<[string, WantedRelease, GiteaRelease | null, number[], string]>([
    ['nothing-there', WANTED, null, [], 'create, +tar, +manifest.json, show'],
    ['nothing-there-beta', BETA, null, [], 'create pre, +tar, +manifest_beta.json, show pre'],
    ['empty-draft', WANTED, there({ draft: true }), [], '+tar, +manifest.json, show'],
    ['draft-with-bundle', WANTED, there({ draft: true }, TAR), [1], '+manifest.json, show'],
    ['draft-with-half-a-bundle', WANTED, there({ draft: true }, TAR), [], '+tar, -1, +manifest.json, show'],
    ['complete-draft', WANTED, there({ draft: true }, TAR, 'manifest.json'), [1, 2], 'show'],
    ['draft-of-another-branch', WANTED, there({ draft: true, prerelease: true }, TAR), [1], '+manifest.json, show'],
    ['all-there', WANTED, there({}, TAR, 'manifest.json'), [1, 2], ''],
    ['all-there-beta', BETA, there({ prerelease: true }, TAR, 'manifest_beta.json'), [1, 2], ''],
    ['public-without-bundle', WANTED, there({}, 'manifest.json'), [1], '+tar'],
    ['public-without-anything', WANTED, there({}), [], '+tar, +manifest.json'],
    ['bundle-twice', WANTED, there({}, TAR, TAR, 'manifest.json'), [2, 3], '-1'],
    ['bundle-twice-both-right', WANTED, there({}, TAR, TAR, 'manifest.json'), [1, 2, 3], '-1'],
    ['manifest-twice', WANTED, there({}, TAR, 'manifest.json', 'manifest.json'), [1], '+manifest.json, -3, -2'],
    ['manifest-changed', WANTED, there({}, TAR, 'manifest.json'), [1], '+manifest.json, -2'],
    ['promoted', WANTED, there({ prerelease: true }, TAR, 'manifest_beta.json'), [1, 2], '+manifest.json, show'],
    ['promoted-and-cut-off', WANTED, there({ prerelease: true }, TAR, 'manifest.json'), [1, 2], 'show'],
    ['beta-on-a-stable-release', BETA, there({}, TAR, 'manifest.json'), [1, 2], '+manifest_beta.json'],
    ['files-of-others-stay', WANTED, there({}, TAR, 'manifest.json', 'README.pdf', 'branches.json'), [1, 2], ''],
  ])('%s', (_name, wanted, release, right, expected) => {
    expect(short(planRelease(wanted, release, new Set(right)))).toBe(expected);
  });

  it('tells people what it is', () => {
    const body = (wanted: WantedRelease) => planRelease(wanted, null, new Set())[0];
    expect(body(WANTED)).toEqual({ do: 'create', tag: 'v1.4.0', name: '1.4.0', body: `Better.\n\nsha256 ab  ${TAR}\n`, prerelease: false });
    expect(body({ ...WANTED, notes: '' })).toMatchObject({ body: `sha256 ab  ${TAR}\n` });
  });
});

it('planAsset leaves other names alone', () => {
  expect(planAsset('a', there({}, 'b', 'c').assets, new Set())).toEqual([{ do: 'upload', name: 'a' }]);
});

describe('isBundle', () => {
  const body = `x\nsha256 ab  ${TAR}\n`;
  it.each<[string, Partial<GiteaRelease>, number, boolean]>([
    ['public', {}, 10, true],
    ['public-of-another-size', {}, 9, false],
    ['draft-that-says-so', { draft: true, body }, 10, true],
    ['draft-of-other-bytes', { draft: true, body: body.replace('ab', 'cd') }, 10, false],
    ['draft-by-hand', { draft: true, body: null }, 10, false],
  ])('%s', (_name, fields, size, expected) => {
    expect(isBundle(WANTED, there(fields), { id: 1, name: TAR, size })).toBe(expected);
  });
  it('is not the manifest', () => {
    expect(isBundle(WANTED, there({}), { id: 1, name: 'manifest.json', size: 10 })).toBe(false);
  });
});

describe('releaseOfVersion', () => {
  it.each<[string, GiteaRelease[], number | null]>([
    ['none', [there({ tag_name: 'v1.4.1' })], null],
    ['without-v', [there({ tag_name: '1.4.0' })], 7],
    ['public-before-draft', [there({ id: 1, draft: true, created_at: 9 }), there({ id: 2 })], 2],
    ['newest', [there({ id: 1 }), there({ id: 2, created_at: 2 })], 2],
  ])('%s', (_name, releases, id) => {
    expect(releaseOfVersion(releases, '1.4.0')?.id ?? null).toBe(id);
  });
});

describe('shadowsOf', () => {
  const older = there({ id: 1, created_at: 1 }, 'manifest_beta.json');
  const newer = there({ id: 2, created_at: 2, tag_name: 'v1.5.0-beta.1' }, 'manifest_beta.json', 'x', 'manifest_beta.json');
  it.each<[string, GiteaRelease[], string[]]>([
    ['nothing-published', [], []],
    ['ours-alone', [older], []],
    ['ours-in-front', [older, { ...newer, created_at: 0 }], []],
    ['another-in-front', [older, newer], ['2 1', '2 3']],
    ['two-in-front', [older, newer, { ...newer, id: 3, created_at: 3, tag_name: 'nightly' }], ['3 1', '3 3', '2 1', '2 3']],
    ['another-of-another-branch', [older, there({ id: 2, created_at: 2, tag_name: 'v2.0.0' }, 'manifest.json')], []],
    ['another-that-is-a-draft', [older, { ...newer, draft: true }], []],
  ])('%s', (_name, releases, expected) => {
    expect(shadowedAssets(releases, 'beta', '1.4.0').map(({ release, asset }) => `${String(release.id)} ${String(asset.id)}`)).toEqual(expected);
  });
});

describe('releaseForBranches', () => {
  it.each<[string, GiteaRelease[], number | null]>([
    ['none', [], null],
    ['where-it-is', [there({ id: 1 }, 'branches.json'), there({ id: 2, created_at: 2 })], 1],
    ['the-newest', [there({ id: 1 }), there({ id: 2, created_at: 2, prerelease: true }), there({ id: 3, draft: true, created_at: 3 })], 2],
    ['not-another-tag', [there({ id: 1, tag_name: 'nightly' })], null],
  ])('%s', (_name, releases, id) => {
    expect(releaseForBranches(releases)?.id ?? null).toBe(id);
  });
});
