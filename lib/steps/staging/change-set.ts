/** From a staged release to what the transaction shall put where. */
import type { Config } from '../../core/device/config.ts';
import { unpackedLimit } from '../../core/device/config.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import type { ChangeSet, Installed, Put } from '../../transaction/types.ts';
import { manifestChange } from '../../transaction/manifest-change.ts';
import { ORDER } from '../../transaction/plan/operation-order.ts';
import { holdUntrusted, stagedInvalid } from '../../transaction/files/untrusted-files.ts';
import { createHash } from 'node:crypto';
import { VERSION_FILE } from '../../core/device/paths.ts';

/** Where the files of a release were staged: a folder below one of the user `pikit-update`. */
export interface StagedTree {
  base: string;
  tree: string;
}

/**
 * As manifestChange(), from the files as they are staged, with the version file. Throws STAGED_INVALID as well, for a file that is
 * missing or is not to be taken (transaction/files/untrusted-files.ts).
 */
export function releaseChange(manifest: Manifest, staged: StagedTree, config: Config, branch: string, installed: Installed | null): ChangeSet {
  const folder = holdUntrusted(staged.base);
  // A length that the manifest does not say is the one found here, and together they may not be more than a bundle may hold.
  let unsaid = unpackedLimit(config);
  try {
    const change = manifestChange(manifest, config, branch, installed, ({ path, size = null }) => {
      const file = `${staged.tree}/${path}`;
      const taken = folder.take(file, { size, maxBytes: unsaid }, (found) => ({
        size: found.size,
        isScript: found.head(2).toString('latin1') === '#!',
      }));
      if (taken.is !== 'there') throw stagedInvalid(`'${path}' ${taken.is === 'odd' ? taken.why : 'is not there'}`);
      if (size === null) unsaid -= taken.value.size;
      return { ...taken.value, content: { from: 'untrusted', base: staged.base, file } };
    });
    // Its commands may change any of its files: a rollback undoes that as well.
    const anew = manifest.post_install.some(({ kind }) => kind === 'run');
    return { ...change, puts: [...change.puts, versionPut(manifest.version)], anew };
  } finally {
    folder.close();
  }
}

/** The version file is part of the change: it says the new version exactly when the files are the new ones. */
function versionPut(version: string): Put {
  const bytes = Buffer.from(`${version}\n`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const content = { from: 'bytes' as const, bytes };
  return { path: VERSION_FILE, sha256, size: bytes.length, mode: 0o644, order: ORDER.version, config: false, content, listed: false };
}
