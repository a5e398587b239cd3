/** What a Gitea server knows about one repository, with the deviations of the real one: see gitea-server.ts. */

export interface ServerAsset {
  id: number;
  name: string;
  bytes: Buffer;
}

export interface ServerRelease {
  id: number;
  tag: string;
  name: string;
  body: string;
  draft: boolean;
  prerelease: boolean;
  createdMs: number;
  assets: ServerAsset[];
}

export type NewRelease = Pick<ServerRelease, 'tag'> &
  Partial<Omit<ServerRelease, 'id' | 'assets'>> & { assets?: Readonly<Record<string, string | Buffer>> };

export interface Repository {
  releases: ServerRelease[];
  /** Puts a release there, as an earlier publisher did. Each is a second younger than the one before it. */
  add: (release: NewRelease) => ServerRelease;
  /** Puts a further asset there, whatever the names of the others. */
  addAsset: (release: ServerRelease, name: string, bytes: string | Buffer) => ServerAsset;
  /** What `releases/latest` is: by creation time, not by version. */
  latest: () => ServerRelease | null;
  /** The asset behind an address: of two with one name, the older one. */
  find: (tag: string, name: string) => { release: ServerRelease; asset: ServerAsset } | null;
  /** Tag, flags, and names with sizes of the assets: for assertions. */
  summary: () => Record<string, string[]>;
}

export function repository(): Repository {
  const releases: ServerRelease[] = [];
  let ids = 0;
  let clockMs = Date.parse('2026-01-01T00:00:00Z');
  const byTime = (a: ServerRelease, b: ServerRelease): number => b.createdMs - a.createdMs || b.id - a.id;
  const addAsset = (release: ServerRelease, name: string, bytes: string | Buffer): ServerAsset => {
    const asset = { id: (ids += 1), name, bytes: Buffer.from(bytes) };
    release.assets.push(asset);
    return asset;
  };
  return {
    releases,
    addAsset,
    add: ({ assets = {}, ...given }) => {
      const release = {
        id: (ids += 1),
        name: given.tag,
        body: '',
        draft: false,
        prerelease: false,
        createdMs: (clockMs += 1000),
        ...given,
        assets: [],
      };
      releases.push(release);
      for (const [name, bytes] of Object.entries(assets)) addAsset(release, name, bytes);
      releases.sort(byTime);
      return release;
    },
    latest: () => releases.filter(({ draft, prerelease }) => !draft && !prerelease).toSorted(byTime)[0] ?? null,
    find: (tag, name) => {
      for (const release of releases.filter((candidate) => candidate.tag === tag)) {
        const asset = release.assets.find((candidate) => candidate.name === name);
        if (asset !== undefined) return { release, asset };
      }
      return null;
    },
    summary: () =>
      Object.fromEntries(
        releases.map(({ tag, draft, prerelease, assets }) => [
          `${tag}${draft ? ' draft' : ''}${prerelease ? ' prerelease' : ''}`,
          assets.map(({ name }) => name).toSorted(),
        ]),
      ),
  };
}

/** A release as the API shows it. */
export function releaseJson(release: ServerRelease, web: string): object {
  const created = new Date(release.createdMs).toISOString();
  return {
    id: release.id,
    tag_name: release.tag,
    target_commitish: 'main',
    name: release.name,
    body: release.body,
    url: `${web}/api/${String(release.id)}`,
    html_url: `${web}/releases/tag/${release.tag}`,
    draft: release.draft,
    prerelease: release.prerelease,
    created_at: created,
    published_at: created,
    author: { id: 1, login: 'releaser' },
    assets: release.assets.map((asset) => assetJson(asset, release, web)),
  };
}

export function assetJson(asset: ServerAsset, release: ServerRelease, web: string): object {
  return {
    id: asset.id,
    name: asset.name,
    size: asset.bytes.length,
    download_count: 0,
    created_at: new Date(release.createdMs).toISOString(),
    uuid: `00000000-0000-4000-8000-${String(asset.id).padStart(12, '0')}`,
    browser_download_url: `${web}/releases/download/${release.tag}/${asset.name}`,
  };
}
