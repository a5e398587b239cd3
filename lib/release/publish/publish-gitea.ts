/** Brings a repository on Gitea to what a site offers, step by step of lib/release/publish/publish-plan.ts. Nothing is done twice. */
import fs from 'node:fs';
import { join } from 'node:path';
import { STABLE } from '../../core/release/branches.ts';
import { UpdateError } from '../../core/errors.ts';
import type { GiteaRelease } from '../../core/network/gitea.ts';
import { findFile, versionOfTag } from '../../core/network/gitea.ts';
import { MANIFEST_MAX_BYTES, parseManifest } from '../../core/release/manifest.ts';
import { BRANCHES_NAME, BRANCH_RECORD_NAME, manifestName } from '../../core/release/site-layout.ts';
import type { GiteaClient } from '../../io/source/gitea-client.ts';
import { assertNotBehind } from '../builder/not-behind.ts';
import { assertUnsigned, compareMetadata } from '../gitea/metadata-there.ts';
import type { MetadataSet } from '../gitea/metadata-set.ts';
import { pruneMetadataAssets } from '../gitea/prune-metadata.ts';
import { publishMetadata } from '../gitea/publish-metadata.ts';
import type { SiteRelease } from './site-releases.ts';
import { mergedList, readList, wayOut } from './published-list.ts';
import { areWithdrawn, removeWithdrawn } from './withdrawn-assets.ts';
import type { Withdrawal } from '../site/withdrawn.ts';
import type { PublishStep } from './publish-plan.ts';
import { isBundle, planAsset, planRelease, releaseForBranches, releaseOfVersion, shadowedAssets } from './publish-plan.ts';

const BRANCHES_MAX_BYTES = 1024 * 1024;

export interface GiteaPublication {
  client: GiteaClient;
  releases: readonly SiteRelease[];
  /** What devices must not find there any more. */
  withdrawn?: readonly Withdrawal[];
  /** A folder with the list of branches and its record, where other files may be written. */
  documents: string;
  /** Branches of which entries of the list are published; null for all. */
  branches: readonly string[] | null;
  /** Where that is, as people write it: `gitea:https://git.example.org/owner/repo`. */
  to: string;
  /** The signed metadata of the site, which names what the releases and the documents are; null when it has none. */
  metadata?: MetadataSet | null;
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
  const { client, releases, metadata = null } = publication;
  let there = await client.list();
  if (metadata === null) assertUnsigned(there, publication.to);
  for (const release of releases) await assertNothingNewer(publication, there, release);
  const list = await listToPublish(publication, there);
  let signed = metadata === null ? null : await compareMetadata(publication, metadata, there);
  const did = { anything: false };
  for (const release of releases) await publishRelease(publication, release, releaseOfVersion(there, release.version), did);
  if (did.anything) there = await client.list();
  if (metadata !== null && signed !== null) {
    if (did.anything) signed = await compareMetadata(publication, metadata, there);
    await publishMetadata({ ...publication, set: metadata, there: signed });
  }
  if (await removeWithdrawn(publication, there)) there = await client.list();
  for (const { version, branches } of releases) {
    for (const { release, asset } of branches.flatMap((branch) => shadowedAssets(there, branch, version))) {
      await client.remove(release, asset);
      publication.onDone(`removed ${asset.name} from ${release.tag_name}, so that ${version} is what devices find`);
    }
  }
  await publishBranches(publication, there, did.anything ? await listToPublish(publication, there) : list);
  if (metadata !== null && signed !== null) await pruneMetadataAssets({ ...publication, set: metadata, release: signed.release });
}

/** A site that is older than the repository is a mistake: another site, or an old copy of it. */
async function assertNothingNewer(
  { client, to, withdrawn = [] }: GiteaPublication,
  there: readonly GiteaRelease[],
  site: SiteRelease,
): Promise<void> {
  for (const { branch, path } of site.manifests) {
    const name = manifestName(branch);
    const found = findFile(there, name, branch);
    if ('missing' in found) continue;
    const bytes = await client.read(found.release, name, MANIFEST_MAX_BYTES);
    assertNotBehind(name, fs.readFileSync(path), bytes, to);
    // On stable the highest version is what devices find, whenever it was built.
    if (branch !== STABLE || versionOfTag(found.release.tag_name) === site.version) continue;
    const shadows = shadowedAssets([...there, asIfPublished(site)], branch, site.version);
    if (await areWithdrawn(client, shadows, withdrawn)) continue;
    throw new UpdateError(
      'VERSION_NOT_NEWER',
      `'${client.repository.name}' has ${versionOfTag(found.release.tag_name) ?? ''} on the branch '${branch}', which is newer than ${site.version}`,
      { hint: `devices never go back by themselves: build the release again under a newer version; ${wayOut(to)}` },
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
  if (found !== null) assertSameText(found, wanted, client);
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

/** The asset of that name. Of two, it is unknown which one an address leads to, so neither is known to be right. */
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

/** A release of which all was withdrawn still says in its text which bundle it had. */
function assertSameText(there: GiteaRelease, { version, bundle }: SiteRelease, { repository }: GiteaClient): void {
  if (there.draft || there.assets.some(({ name }) => name === bundle.name)) return;
  const had = (there.body ?? '').split('\n').find((line) => line.startsWith('sha256 ') && line.trimEnd().endsWith(`  ${bundle.name}`));
  if (had === undefined || had.includes(bundle.sha256)) return;
  throw new UpdateError('RELEASE_CHANGED', `'${repository.name}' had ${version} with other content, which is gone from there`, {
    hint: `devices may have ${version} already: build the release again under a new version`,
  });
}

async function changeAsset(
  client: GiteaClient,
  release: GiteaRelease,
  step: Extract<PublishStep, { name: string; do: 'upload' | 'delete' }>,
  path: string,
): Promise<void> {
  if (step.do === 'upload') await client.upload(release, step.name, path);
  else await client.remove(release, { id: step.asset, name: step.name });
}

interface ListToPublish {
  /** Name, what is to be there, and what is there. */
  files: readonly { name: string; bytes: Buffer | null; there: Buffer | null }[];
}

async function listToPublish({ client, documents, branches, to }: GiteaPublication, there: readonly GiteaRelease[]): Promise<ListToPublish> {
  const release = releaseForBranches(there);
  const read = async (name: string): Promise<Buffer | null> =>
    release?.assets.some((asset) => asset.name === name) === true ? await client.read(release, name, BRANCHES_MAX_BYTES) : null;
  const theirs = { list: await read(BRANCHES_NAME), record: await read(BRANCH_RECORD_NAME) };
  const { list, record } = mergedList({ ours: readList(documents), theirs, branches, to });
  return {
    files: [
      { name: BRANCHES_NAME, bytes: list, there: theirs.list },
      { name: BRANCH_RECORD_NAME, bytes: record, there: theirs.record },
    ],
  };
}

/** branches.json last: a branch is listed when its manifest is there. It is kept in one release, where devices look for it. */
async function publishBranches({ client, documents, onDone }: GiteaPublication, there: readonly GiteaRelease[], list: ListToPublish): Promise<void> {
  const release = releaseForBranches(there);
  if (release === null) {
    throw new UpdateError('NOT_FOUND', `'${client.repository.name}' has no release that could hold ${BRANCHES_NAME}`, {
      hint: 'build a release first',
    });
  }
  for (const { name, bytes, there: published } of list.files) {
    if (bytes === null) continue;
    const one = onlyOne(release, name);
    const right = new Set(one !== null && published?.equals(bytes) === true ? [one.id] : []);
    const path = join(documents, `${name}.merged`);
    fs.writeFileSync(path, bytes);
    for (const step of planAsset(name, release.assets, right)) {
      if (step.do !== 'upload' && step.do !== 'delete') continue;
      await changeAsset(client, release, step, path);
      onDone(describe(step, release.tag_name));
    }
  }
}

function describe(step: PublishStep, tag: string): string {
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
