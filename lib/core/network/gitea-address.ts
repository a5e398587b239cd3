/**
 * From the address of a repository, as people know it, to the addresses of its releases: on Gitea and Forgejo below the same
 * host (`/api/v1`, also when the server lives in a folder), on GitHub, which is read only, below api.github.com.
 * Nothing that a server says becomes an address here: a release contributes its tag and the name of an asset, both escaped.
 */

export interface Repository {
  kind: 'gitea' | 'github';
  /** For people: `git.example.org/owner/repo`. */
  name: string;
  /** Its page; assets are below it. Ends in a slash. */
  web: URL;
  /** What the API says about it is below. Ends in a slash. */
  api: URL;
}

const GITHUB = /^(?:www\.)?github\.com$/;
const NAME = /^[A-Za-z0-9._-]{1,100}$/;

/** The repository behind an http(s) address such as `https://git.example.org/owner/repo`; null when it does not name one. */
export function repositoryAt(address: string): Repository | null {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  const parts = url.pathname.split('/').filter((part) => part !== '');
  const folder = parts.slice(0, -2);
  const owner = parts.at(-2);
  const repo = parts.at(-1)?.replace(/\.git$/, '');
  if (!/^https?:$/.test(url.protocol) || owner === undefined || repo === undefined || !NAME.test(owner) || !NAME.test(repo)) return null;
  const path = `${owner}/${repo}`;
  const isGithub = GITHUB.test(url.hostname);
  if (isGithub && folder.length > 0) return null;
  const base = ['', ...folder, ''].join('/');
  return {
    kind: isGithub ? 'github' : 'gitea',
    name: `${url.host}${base}${path}`,
    web: new URL(`${base}${path}/`, url.origin),
    api: isGithub ? new URL(`https://api.github.com/repos/${path}/`) : new URL(`${base}api/v1/repos/${path}/`, url.origin),
  };
}

/** The page of the repository that a redirect of the API leads to, as people know it; null when it does not say which. */
export function movedTo({ api }: Repository, location: string | null): string | null {
  if (location === null || !URL.canParse(location, api.href)) return null;
  const url = new URL(location, api);
  const match =
    /^(.*\/)api\/v1\/repos\/([^/]+)\/([^/]+)(?:\/|$)/.exec(url.pathname) ??
    /^((?!.*\/api\/v1\/).*\/)([^/]+)\/([^/]+)\/releases(?:\/|$)/.exec(url.pathname);
  const [, base = '/', owner = '', repo = ''] = match ?? [];
  const page = `${url.origin}${base}${owner}/${repo}`;
  return match !== null && repositoryAt(page) !== null ? page : null;
}

/** How many releases are asked for at a time. A server may give fewer: its limit is its own. */
const PAGE_SIZE = 50;

/** One page of the list of releases, newest first. `branch` is who asks (OBS RFC 48); servers that do not care ignore it. */
export function releasesUrl(repository: Repository, page: number, branch: string | null): URL {
  const url = new URL('releases', repository.api);
  url.searchParams.set(repository.kind === 'github' ? 'per_page' : 'limit', String(PAGE_SIZE));
  url.searchParams.set('page', String(page));
  if (branch !== null) url.searchParams.set('branch', branch);
  return url;
}

/** Where an asset of a release is: the same address at every check, so that validators work. */
export function assetUrl(repository: Repository, tag: string, name: string): URL {
  return new URL(`releases/download/${encodeURIComponent(tag)}/${encodeURIComponent(name)}`, repository.web);
}

/** The tag of the one release that holds the signed metadata of a repository (docs/hosting.md). It is no version of the dashboard. */
export const METADATA_TAG = 'tuf';

/** Whether a release is that of the signed metadata. Gitea takes tags that differ only in case for one. */
export function isMetadataTag(tag: string): boolean {
  return tag.toLowerCase() === METADATA_TAG;
}

/**
 * The asset that is a file of the signed metadata, by the last part of its path: `tuf/4.root.json`, and copies of documents such as
 * `tuf/targets/<sha256>.manifest.json`. Null for any other file of the layout.
 */
export function metadataAsset(path: string): string | null {
  return /^tuf\/(?:targets\/)?([^/]+)$/.exec(path)?.[1] ?? null;
}

/** The header that a token goes into. */
export function authorization(repository: Repository, token: string | null): Record<string, string> {
  if (token === null) return {};
  return { authorization: `${repository.kind === 'github' ? 'Bearer' : 'token'} ${token}` };
}

export interface Page {
  /** The header Link, by which GitHub tells of a next page. */
  link: string | null;
  /** The header X-Total-Count, which Gitea sends. */
  total: string | null;
  /** Releases on this page, and on all so far. */
  count: number;
  seen: number;
}

/** Whether another page follows. Of a server that says nothing about it, only an empty page is the last. */
export function hasNextPage({ kind }: Repository, { link, total, count, seen }: Page): boolean {
  if (count === 0) return false;
  if (link !== null && /;\s*rel="?next"?/.test(link)) return true;
  if (total !== null && /^\d{1,9}$/.test(total)) return seen < Number(total);
  return link === null && kind === 'gitea';
}
