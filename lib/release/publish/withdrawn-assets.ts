/** Takes withdrawn releases out of a repository on Gitea: only what is the very release that was withdrawn. */
import type { GiteaAsset, GiteaRelease } from '../../core/network/gitea.ts';
import { versionOfTag } from '../../core/network/gitea.ts';
import { MANIFEST_MAX_BYTES } from '../../core/release/manifest.ts';
import { manifestName } from '../../core/release/site-layout.ts';
import type { GiteaClient } from '../../io/source/gitea-client.ts';
import type { ShadowedAsset } from './publish-plan.ts';
import { isOf } from './withdrawn-files.ts';
import type { Withdrawal } from '../site/withdrawn.ts';

/** Whether all that hides a release was withdrawn, so that publishing may take it away. */
export async function areWithdrawn(client: GiteaClient, shadows: readonly ShadowedAsset[], withdrawn: readonly Withdrawal[]): Promise<boolean> {
  for (const { release, branch } of shadows) {
    const entry = withdrawn.find((one) => one.branch === branch && one.version === versionOfTag(release.tag_name));
    if (entry === undefined || !(await hasManifest(client, release, entry))) return false;
  }
  return true;
}

/**
 * Removes the manifests of withdrawn releases, so that devices do not find them, and then their bundles, where no other branch
 * has a manifest beside it. The release itself, its text and its tag stay: they say what devices may have. Whether there was any.
 */
export async function removeWithdrawn(
  { client, withdrawn = [], onDone }: { client: GiteaClient; withdrawn?: readonly Withdrawal[]; onDone: (what: string) => void },
  there: readonly GiteaRelease[],
): Promise<boolean> {
  let did = false;
  const gone = new Set<number>();
  const remove = async (release: GiteaRelease, asset: GiteaAsset): Promise<void> => {
    await client.remove(release, asset);
    gone.add(asset.id);
    did = true;
    onDone(`removed ${asset.name} from ${release.tag_name}, which was withdrawn`);
  };
  for (const entry of withdrawn) {
    const ofVersion = there.filter(({ draft, tag_name: tag }) => !draft && versionOfTag(tag) === entry.version);
    for (const release of ofVersion) {
      const left = (): GiteaAsset[] => release.assets.filter(({ id }) => !gone.has(id));
      const manifests = left().filter(({ name }) => name === manifestName(entry.branch));
      if (manifests.length > 0 && (await hasManifest(client, release, entry))) for (const asset of manifests) await remove(release, asset);
      if (left().some(({ name }) => /^manifest(_[a-z0-9_]+)?\.json$/.test(name))) continue;
      for (const bundle of left().filter(({ name }) => name === `pikit-${entry.version}.tar.gz`)) {
        if (await client.holds(release, bundle, entry.sha256)) await remove(release, bundle);
      }
    }
  }
  return did;
}

async function hasManifest(client: GiteaClient, release: GiteaRelease, entry: Withdrawal): Promise<boolean> {
  return isOf(await client.read(release, manifestName(entry.branch), MANIFEST_MAX_BYTES), entry);
}
