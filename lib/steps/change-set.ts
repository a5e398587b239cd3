/** From a staged release to what the transaction shall put where. */
import type { Config } from '../core/config.ts';
import { unpackedLimit } from '../core/config.ts';
import { isOwnPlace } from '../core/closed-places.ts';
import type { Manifest } from '../core/manifest.ts';
import { fileMode } from '../core/manifest.ts';
import { mapToDevice } from '../core/targets.ts';
import type { ChangeSet, Put } from '../transaction/plan.ts';
import type { Installed } from '../transaction/types.ts';
import { ORDER, orderOf } from '../transaction/order.ts';
import { holdUntrusted, stagedInvalid } from '../transaction/untrusted.ts';
import { createHash } from 'node:crypto';
import { VERSION_FILE } from '../core/paths.ts';

/** Where the files of a release were staged: a folder below one of the user `pikit-update`. */
export interface StagedTree {
  base: string;
  tree: string;
}

/**
 * Everything of the release, and the removal of what only the installed one has. Throws STAGED_INVALID for a file that is missing or
 * is not to be taken (transaction/untrusted), PATH_REFUSED for one that would be the updater's own; what an
 * earlier updater let such a release bring is left alone.
 */
export function releaseChange(manifest: Manifest, staged: StagedTree, config: Config, branch: string, installed: Installed | null): ChangeSet {
  const mapped = mapToDevice(
    manifest.files.map((file) => file.path),
    config.target,
  );
  const looks = lookAtStaged(manifest, staged, config);
  const puts = manifest.files.map((file, n): Put => {
    const { size, isScript } = looks[n] ?? { size: 0, isScript: false };
    const mode = fileMode(file, isScript);
    const path = mapped.get(file.path) ?? '';
    return {
      path,
      sha256: file.sha256,
      size,
      mode,
      order: orderOf(path, mode),
      config: file.config,
      content: { from: 'untrusted', base: staged.base, file: `${staged.tree}/${file.path}` },
      listed: true,
    };
  });
  const stays = new Set(puts.map((put) => put.path));
  return {
    puts: [...puts, versionPut(manifest.version)],
    deletes: (installed?.files ?? []).map((file) => file.path).filter((path) => !stays.has(path) && !isOwnPlace(path)),
    installed,
    version: manifest.version,
    branch,
    restore: null,
  };
}

/** The version file is part of the change: it says the new version exactly when the files are the new ones. */
function versionPut(version: string): Put {
  const bytes = Buffer.from(`${version}\n`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const content = { from: 'bytes' as const, bytes };
  return { path: VERSION_FILE, sha256, size: bytes.length, mode: 0o644, order: ORDER.version, config: false, content, listed: false };
}

interface Look {
  size: number;
  isScript: boolean;
}

/**
 * The length and the first bytes of each staged file. A length that the manifest does not say is the one found here, and together
 * they may not be more than a bundle may hold.
 */
function lookAtStaged({ files }: Manifest, { base, tree }: StagedTree, config: Config): Look[] {
  const folder = holdUntrusted(base);
  let unsaid = unpackedLimit(config);
  try {
    return files.map(({ path, size = null }) => {
      const taken = folder.take(`${tree}/${path}`, { size, maxBytes: unsaid }, (file) => ({
        size: file.size,
        isScript: file.head(2).toString('latin1') === '#!',
      }));
      if (taken.is !== 'there') throw stagedInvalid(`'${path}' ${taken.is === 'odd' ? taken.why : 'is not there'}`);
      if (size === null) unsaid -= taken.value.size;
      return taken.value;
    });
  } finally {
    folder.close();
  }
}
