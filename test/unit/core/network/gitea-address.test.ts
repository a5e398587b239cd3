import { describe, expect, it } from 'vitest';
import type { Repository } from '../../../../lib/core/network/gitea-address.ts';
import {
  assetUrl,
  authorization,
  hasNextPage,
  movedTo,
  releasesUrl,
  repositoryAt,
  isMetadataTag,
  metadataAsset,
} from '../../../../lib/core/network/gitea-address.ts';

function at(address: string): Repository {
  const repository = repositoryAt(address);
  if (repository === null) throw new Error(`no repository: ${address}`);
  return repository;
}
const GITEA = at('https://git.example.org/owner/repo');
const GITHUB = at('https://github.com/owner/repo');

describe('repositoryAt', () => {
  it.each([
    ['gitea', 'https://git.example.org/owner/repo', 'gitea', 'git.example.org/owner/repo', 'https://git.example.org/api/v1/repos/owner/repo/'],
    [
      'slash-at-the-end',
      'https://git.example.org/owner/repo/',
      'gitea',
      'git.example.org/owner/repo',
      'https://git.example.org/api/v1/repos/owner/repo/',
    ],
    [
      'git-suffix',
      'https://git.example.org/owner/repo.git',
      'gitea',
      'git.example.org/owner/repo',
      'https://git.example.org/api/v1/repos/owner/repo/',
    ],
    ['port', 'http://10.0.0.1:3000/o/r', 'gitea', '10.0.0.1:3000/o/r', 'http://10.0.0.1:3000/api/v1/repos/o/r/'],
    ['server-in-a-folder', 'https://x.org/git/o/r', 'gitea', 'x.org/git/o/r', 'https://x.org/git/api/v1/repos/o/r/'],
    ['forgejo', 'https://codeberg.org/o/r', 'gitea', 'codeberg.org/o/r', 'https://codeberg.org/api/v1/repos/o/r/'],
    ['github', 'https://github.com/o/r', 'github', 'github.com/o/r', 'https://api.github.com/repos/o/r/'],
    ['github-www', 'https://www.github.com/o/r', 'github', 'www.github.com/o/r', 'https://api.github.com/repos/o/r/'],
    ['github-by-http', 'http://github.com/o/r', 'github', 'github.com/o/r', 'https://api.github.com/repos/o/r/'],
    ['not-github', 'https://github.com.evil.org/o/r', 'gitea', 'github.com.evil.org/o/r', 'https://github.com.evil.org/api/v1/repos/o/r/'],
  ])('%s', (_name, address, kind, name, api) => {
    const repository = at(address);
    expect({ kind: repository.kind, name: repository.name, api: repository.api.href }).toEqual({ kind, name, api });
  });

  it.each([
    ['https://x.org/'],
    ['https://x.org/owner'],
    ['https://x.org/a/b%2Fc'],
    ['https://github.com/orgs/owner/repo'],
    ['ssh://x.org/o/r'],
    ['o/r'],
    [''],
  ])('refuses %s', (address) => {
    expect(repositoryAt(address)).toBeNull();
  });
});

describe('addresses', () => {
  it.each([
    ['stable', GITEA, 1, null, 'https://git.example.org/api/v1/repos/owner/repo/releases?limit=50&page=1'],
    ['of-a-branch', GITEA, 2, 'beta', 'https://git.example.org/api/v1/repos/owner/repo/releases?limit=50&page=2&branch=beta'],
    ['github', GITHUB, 1, null, 'https://api.github.com/repos/owner/repo/releases?per_page=50&page=1'],
  ])('of a list: %s', (_name, repository, page, branch, expected) => {
    expect(releasesUrl(repository, page, branch).href).toBe(expected);
  });

  it.each([
    ['gitea', GITEA, 'v1.4.0', 'manifest.json', 'https://git.example.org/owner/repo/releases/download/v1.4.0/manifest.json'],
    ['github', GITHUB, 'v1.4.0', 'manifest.json', 'https://github.com/owner/repo/releases/download/v1.4.0/manifest.json'],
    [
      'build-metadata',
      GITEA,
      '1.4.0+7',
      'pikit-1.4.0+7.tar.gz',
      'https://git.example.org/owner/repo/releases/download/1.4.0%2B7/pikit-1.4.0%2B7.tar.gz',
    ],
    ['path-trick', GITEA, '../../../etc', 'passwd?x#y', 'https://git.example.org/owner/repo/releases/download/..%2F..%2F..%2Fetc/passwd%3Fx%23y'],
  ])('of an asset: %s', (_name, repository, tag, name, expected) => {
    expect(assetUrl(repository, tag, name).href).toBe(expected);
  });
});

it.each([
  ['gitea', GITEA, 'secret', { authorization: 'token secret' }],
  ['github', GITHUB, 'secret', { authorization: 'Bearer secret' }],
  ['none', GITEA, null, {}],
])('a token goes into one header: %s', (_name, repository, token, expected) => {
  expect(authorization(repository, token)).toEqual(expected);
});

describe('hasNextPage', () => {
  const link = '<https://x/?page=2>; rel="next", <https://x/?page=9>; rel="last"';
  const last = '<https://x/?page=1>; rel="first", <https://x/?page=8>; rel="prev"';
  it.each([
    ['link', GITEA, { link, total: null, count: 30, seen: 30 }, true],
    ['link-that-is-the-last', GITEA, { link: last, total: null, count: 3, seen: 93 }, false],
    ['total-not-reached', GITEA, { link: null, total: '31', count: 30, seen: 30 }, true],
    ['total-reached', GITEA, { link: null, total: '30', count: 30, seen: 30 }, false],
    ['total-nonsense', GITEA, { link: null, total: 'many', count: 30, seen: 30 }, true],
    ['nothing-said', GITEA, { link: null, total: null, count: 3, seen: 3 }, true],
    ['nothing-said-and-empty', GITEA, { link: null, total: null, count: 0, seen: 3 }, false],
    ['empty-page-that-promises-more', GITEA, { link, total: '99', count: 0, seen: 30 }, false],
    ['github-says-nothing-of-one-page', GITHUB, { link: null, total: null, count: 3, seen: 3 }, false],
    ['github-link', GITHUB, { link, total: null, count: 30, seen: 30 }, true],
  ])('%s', (_name, repository, page, expected) => {
    expect(hasNextPage(repository, page)).toBe(expected);
  });
});

describe('movedTo', () => {
  it.each<[string | null, string | null]>([
    ['/api/v1/repos/new/name/releases?limit=50', 'https://git.example.org/new/name'],
    ['https://other.example.org/git/api/v1/repos/new/name/releases', 'https://other.example.org/git/new/name'],
    ['https://git.example.org/new/name/releases/download/v1/manifest.json', 'https://git.example.org/new/name'],
    ['/api/v1/repositories/12/releases', null],
    ['https://login.example.org/', null],
    ['http://[', null],
    [null, null],
  ])('%s', (location, expected) => {
    expect(
      movedTo(
        { kind: 'gitea', name: 'x', web: new URL('https://git.example.org/o/r/'), api: new URL('https://git.example.org/api/v1/repos/o/r/') },
        location,
      ),
    ).toBe(expected);
  });
});

it.each<[string, string | null]>([
  ['tuf/timestamp.json', 'timestamp.json'],
  ['tuf/12.branch-nightly.json', '12.branch-nightly.json'],
  ['tuf/targets/abcd.manifest.json', 'abcd.manifest.json'],
  ['tuf/', null],
  ['tuf/other/x.json', null],
  ['tuf/targets/a/b', null],
  ['manifest.json', null],
  ['bundles/tuf/x', null],
])('metadataAsset: %s', (path, expected) => {
  expect(metadataAsset(path)).toBe(expected);
});

it('takes the tag of signed metadata for the same however it is written', () => {
  expect(['tuf', 'TUF', 'vtuf', 'tuf2', 'v1.0.0'].filter(isMetadataTag)).toEqual(['tuf', 'TUF']);
});
