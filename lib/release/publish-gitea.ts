/** Brings a repository on Gitea to what a site offers, step by step of lib/release/publish-plan.ts. Nothing is done twice. */
import fs from 'node:fs';
import { STABLE } from '../core/branches.ts';
import { UpdateError } from '../core/errors.ts';
import type { GiteaRelease } from '../core/gitea.ts';
import { findFile, versionOfTag } from '../core/gitea.ts';
import { MANIFEST_MAX_BYTES, parseManifest } from '../core/manifest.ts';
import { BRANCHES_NAME, manifestName } from '../core/site-layout.ts';
import type { GiteaClient } from '../io/gitea-client.ts';
import type { SiteRelease } from './publish-site.ts';
import type { Step } from './publish-plan.ts';
import { isBundle, planAsset, planRelease, releaseForBranches, releaseOfVersion, shadowsOf } from './publish-plan.ts';

const BRANCHES_MAX_BYTES = 1024 * 1024;

export interface GiteaPublication {
  client: GiteaClient;
  releases: readonly SiteRelease[];
  /** The file branches.json of the site. */
  branchesFile: string;
  /** Downloads bundles that are there to compare them, not only their sizes. */
  verify: boolean;
  /** Called after each thing that was done, with a sentence for people. */
  onDone: (what: string) => void;
}

/**
 * Publishes. Throws RELEASE_CHANGED when a public release has other content than the site, VERSION_NOT_NEWER when the repository
 * has something newer, status and network codes; run again, it goes on where it stopped.
 */
export async function publishToGitea(publication: GiteaPublication): Promise<void> {
  const { client, releases } = publication;
  let there = await client.list();
  for (const release of releases) await assertNothingNewer(publication, there, release);
  const did = { anything: false };
  for (const release of releases) await publishRelease(publication, release, releaseOfVersion(there, release.version), did);
  if (did.anything) there = await client.list();
  for (const { version, branches } of releases) {
    for (const { release, asset } of branches.flatMap((branch) => shadowsOf(there, branch, version))) {
      await client.remove(release, asset);
      publication.onDone(`removed ${asset.name} from ${release.tag_name}, so that ${version} is what devices find`);
    }
  }
  await publishBranches(publication, there);
}

/** A site that is older than the repository is a mistake: another site, or an old copy of it. */
async function assertNothingNewer({ client }: GiteaPublication, there: readonly GiteaRelease[], site: SiteRelease): Promise<void> {
  for (const { branch, sequence } of site.manifests) {
    const name = manifestName(branch);
    const found = findFile(there, name, branch);
    if ('missing' in found || versionOfTag(found.release.tag_name) === site.version) continue;
    const bytes = await client.read(found.release, name, MANIFEST_MAX_BYTES);
    const published = bytes === null ? null : parseManifest(bytes, `'${name}' of ${found.release.tag_name}`);
    const isNewer = published?.sequence !== undefined && sequence !== null && published.sequence >= sequence;
    // On stable the highest version is what devices find, whenever it was built.
    const staysHidden = branch === STABLE && shadowsOf([...there, asIfPublished(site)], branch, site.version).length > 0;
    if (!isNewer && !staysHidden) continue;
    const has = published?.version ?? found.release.tag_name;
    throw new UpdateError(
      'VERSION_NOT_NEWER',
      `'${client.repository.name}' has ${has} on the branch '${branch}', which is newer than ${site.version}`,
      {
        hint: 'is the site an old copy? Devices never go back by themselves: build the release again under a newer version',
      },
    );
  }
}

/** How devices would see a release if it were there: by its tag, newest of all. */
function asIfPublished({ version, manifests, bundle }: SiteRelease): GiteaRelease {
  const assets = [...manifests, bundle].map(({ name, size }, id) => ({ id, name, size }));
  return { id: Number.MAX_SAFE_INTEGER, tag_name: `v${version}`, draft: false, prerelease: false, created_at: Number.MAX_SAFE_INTEGER, assets };
}

async function publishRelease(
  publication: GiteaPublication,
  wanted: SiteRelease,
  found: GiteaRelease | null,
  did: { anything: boolean },
): Promise<void> {
  const { client } = publication;
  const right = found === null ? new Set<number>() : await rightAssets(publication, wanted, found);
  let release = found;
  const there = (): GiteaRelease => {
    if (release === null) throw new Error('a plan begins with the release');
    return release;
  };
  for (const step of planRelease(wanted, found, right)) {
    if (step.do === 'create') release = await client.create(step);
    else if (step.do === 'show') await client.show(there(), step.prerelease);
    else await changeAsset(client, there(), step, wanted.paths.get(step.name) ?? '');
    did.anything = true;
    publication.onDone(describe(step, there().tag_name));
  }
}

/** The assets that hold what they should: documents by their bytes, the bundle by its size (or, if asked for, by its digest). */
async function rightAssets(publication: GiteaPublication, wanted: SiteRelease, there: GiteaRelease): Promise<ReadonlySet<number>> {
  const { client, verify } = publication;
  const right = new Set<number>();
  for (const { name, path } of wanted.manifests) {
    const one = onlyOne(there, name);
    const bytes = one === null ? null : await client.read(there, name, MANIFEST_MAX_BYTES);
    if (one === null || bytes === null) continue;
    if (bytes.equals(fs.readFileSync(path))) right.add(one.id);
    else if (!there.draft) assertSameBundle(bytes, wanted, client);
  }
  for (const asset of there.assets) {
    if (!isBundle(wanted, there, asset)) continue;
    const isAlone = onlyOne(there, asset.name) !== null;
    if (!verify || !isAlone || (await client.holds(there, asset, wanted.bundle.sha256))) right.add(asset.id);
  }
  return right;
}

/** The asset of that name. Of two, nobody can say which one an address leads to, so neither is known to be right. */
function onlyOne({ assets }: GiteaRelease, name: string): { id: number } | null {
  const same = assets.filter((asset) => asset.name === name);
  return same.length === 1 ? (same[0] ?? null) : null;
}

function assertSameBundle(published: Buffer, { version, bundle }: SiteRelease, { repository }: GiteaClient): void {
  let sha256: string | undefined;
  try {
    sha256 = parseManifest(published).bundle?.sha256;
  } catch (error) {
    // What devices cannot read either may be replaced.
    if (error instanceof UpdateError) return;
    throw error;
  }
  if (sha256 === undefined || sha256 === bundle.sha256) return;
  throw new UpdateError('RELEASE_CHANGED', `'${repository.name}' has ${version} already, with other content`, {
    hint: `devices may have ${version} already: build the release again under a new version`,
  });
}

async function changeAsset(
  client: GiteaClient,
  release: GiteaRelease,
  step: Extract<Step, { name: string; do: 'upload' | 'delete' }>,
  path: string,
): Promise<void> {
  if (step.do === 'upload') await client.upload(release, step.name, path);
  else await client.remove(release, { id: step.asset, name: step.name });
}

/** branches.json last: a branch is listed when its manifest is there. It is kept in one release, where devices look for it. */
async function publishBranches(publication: GiteaPublication, there: readonly GiteaRelease[]): Promise<void> {
  const { client, branchesFile } = publication;
  const release = releaseForBranches(there);
  if (release === null) {
    throw new UpdateError('NOT_FOUND', `'${client.repository.name}' has no release that could hold ${BRANCHES_NAME}`, {
      hint: 'build a release first',
    });
  }
  const one = onlyOne(release, BRANCHES_NAME);
  const bytes = one === null ? null : await client.read(release, BRANCHES_NAME, BRANCHES_MAX_BYTES);
  const right = new Set(one !== null && bytes?.equals(fs.readFileSync(branchesFile)) === true ? [one.id] : []);
  for (const step of planAsset(BRANCHES_NAME, release.assets, right)) {
    if (step.do !== 'upload' && step.do !== 'delete') continue;
    await changeAsset(client, release, step, branchesFile);
    publication.onDone(describe(step, release.tag_name));
  }
}

function describe(step: Step, tag: string): string {
  switch (step.do) {
    case 'create':
      return `created the draft ${step.tag}`;
    case 'upload':
      return `uploaded ${step.name} to ${tag}`;
    case 'delete':
      return `deleted an old ${step.name} of ${tag}`;
    case 'show':
      return `published ${tag}${step.prerelease ? ' as a pre-release' : ''}`;
    default:
      return step satisfies never;
  }
}
