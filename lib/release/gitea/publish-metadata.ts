/**
 * Brings the signed metadata of a repository to that of a site. A device reads the next root, then the timestamp, then what that
 * names; whenever it reads, it finds the old set or the new one:
 *  - a new release of the metadata is a draft until it is complete
 *  - copies of documents and numbered files, to which nothing leads yet, go first
 *  - the new timestamp goes beside the old one, of which devices find the older; they find the new one when the old one is deleted
 *  - a root is found by its number alone, so it gets its name when it is complete, one request before the timestamp that goes with it
 *  - what no timestamp of late has named is deleted last
 */
import { UpdateError } from '../../core/errors.ts';
import type { GiteaAsset, GiteaRelease } from '../../core/network/gitea.ts';
import { METADATA_TAG } from '../../core/network/gitea-address.ts';
import { quotable } from '../../core/release/release-path.ts';
import type { RootFacts } from '../../core/trust/metadata-facts.ts';
import type { GiteaClient } from '../../io/source/gitea-client.ts';
import { planAsset } from '../publish/publish-plan.ts';
import { wayOut } from '../publish/published-list.ts';
import type { MetadataAsset, MetadataSet } from './metadata-set.ts';
import type { MetadataThere } from './metadata-there.ts';
import { metadataRelease } from './metadata-there.ts';

export interface MetadataPublication {
  client: GiteaClient;
  /** Where that is, as `--to` has it. */
  to: string;
  set: MetadataSet;
  there: MetadataThere;
  /** Called after each thing that was done, with a sentence for people. */
  onDone: (what: string) => void;
}

/** A root that is being uploaded. */
const UNNAMED = 'new-';

/** Publishes. Throws VERSION_NOT_NEWER when another process published meanwhile, status and network codes; run again, it goes on where it stopped. */
export async function publishMetadata(publication: MetadataPublication): Promise<void> {
  const { release } = publication.there;
  if (release === null || release.draft) await publishFirst(publication);
  else await publishNext(publication, change(publication, release), release);
}

async function publishFirst(publication: MetadataPublication): Promise<void> {
  const { client, set, there, onDone } = publication;
  const body = metadataText(set.facts);
  const release = there.release ?? (await client.create({ tag: METADATA_TAG, name: TITLE, body, prerelease: true }));
  if (there.release === null) onDone(`created the draft ${METADATA_TAG}`);
  const files = change(publication, release);
  for (const file of [...set.copies, ...set.numbered, ...set.roots, set.timestamp, set.root]) await files.replace(file);
  await client.show(release, true);
  onDone(`published ${METADATA_TAG} as a pre-release`);
}

async function publishNext(publication: MetadataPublication, files: Change, release: GiteaRelease): Promise<void> {
  const { client, set, onDone } = publication;
  for (const file of [...set.copies, ...set.numbered]) await files.replace(file);
  const unnamed: { file: MetadataAsset; asset: GiteaAsset }[] = [];
  for (const file of set.roots) if (!files.has(file)) unnamed.push({ file, asset: await files.upload(file, `${UNNAMED}${file.name}`) });
  if (!files.has(set.timestamp)) {
    await assertAlone(publication, release);
    await files.upload(set.timestamp, set.timestamp.name);
  }
  for (const { file, asset } of unnamed) {
    await client.rename(release, asset, file.name);
    onDone(`named ${file.name} of ${release.tag_name}`);
  }
  for (const file of [set.timestamp, ...set.roots]) await files.clear(file);
  await files.replace(set.root);
  for (const asset of release.assets) if (asset.name.startsWith(UNNAMED)) await files.remove(asset);
  const body = metadataText(set.facts);
  if (release.prerelease && plain(release.body ?? '') === plain(body)) return;
  await client.describe(release, { name: TITLE, body, prerelease: true });
  onDone(`described ${release.tag_name}`);
}

/** Uploads can take minutes. What another process has published meanwhile is not replaced. */
async function assertAlone({ client, to }: MetadataPublication, release: GiteaRelease): Promise<void> {
  const ids = (of: GiteaRelease | null): string => JSON.stringify(of?.assets.filter(({ name }) => name === 'timestamp.json').map(({ id }) => id));
  if (ids(metadataRelease(await client.list())) === ids(release)) return;
  throw new UpdateError('VERSION_NOT_NEWER', `'${to}' has got other signed metadata while this site was being published`, { hint: wayOut(to) });
}

interface Change {
  has: (file: MetadataAsset) => boolean;
  /** Adds an asset, whether or not there is one of that name. */
  upload: (file: MetadataAsset, name: string) => Promise<GiteaAsset>;
  remove: (asset: GiteaAsset) => Promise<void>;
  /** Exactly one asset of that name stays, with these bytes. */
  replace: (file: MetadataAsset) => Promise<void>;
  /** Removes the assets of that name that were there before and are not right. */
  clear: (file: MetadataAsset) => Promise<void>;
}

function change({ client, there, onDone }: MetadataPublication, release: GiteaRelease): Change {
  const upload = async (file: MetadataAsset, name: string): Promise<GiteaAsset> => {
    const asset = await client.upload(release, name, file.path);
    onDone(`uploaded ${name} to ${release.tag_name}`);
    return asset;
  };
  const remove = async (asset: { id: number; name: string }): Promise<void> => {
    await client.remove(release, asset);
    onDone(`deleted an old ${asset.name} of ${release.tag_name}`);
  };
  const planned = async (file: MetadataAsset, isUpload: boolean): Promise<void> => {
    for (const step of planAsset(file.name, release.assets, there.right)) {
      if (step.do === 'upload' && isUpload) await upload(file, file.name);
      if (step.do === 'delete') await remove({ id: step.asset, name: step.name });
    }
  };
  return {
    has: ({ name }) => release.assets.some((asset) => asset.name === name && there.right.has(asset.id)),
    upload,
    remove,
    replace: async (file) => {
      await planned(file, true);
    },
    clear: async (file) => {
      await planned(file, false);
    },
  };
}

const TITLE = 'Signed metadata';

/** What people see who open the release. */
function metadataText({ version, threshold, keys }: RootFacts): string {
  const named = keys.map(({ fingerprint, name }) => `- \`${fingerprint}\`${name === null ? '' : ` ${quotable(name)}`}`);
  return [
    'This is no version of the dashboard. Devices that trust signed releases read these files, which say which releases are real.',
    '`pikit-release publish` writes them: change or delete nothing here by hand.',
    '',
    `Keys of root.json, version ${String(version)}, of which ${String(threshold)} must sign the next one; compare them before you trust it (\`pikit-update trust\`):`,
    '',
    ...named,
    '',
  ].join('\n');
}

/** A server may keep line ends in its own way. */
function plain(text: string): string {
  return text.replaceAll('\r\n', '\n').trim();
}
