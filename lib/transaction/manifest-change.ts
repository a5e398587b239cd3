/** From the manifest of a release to the change that brings its files. */
import { isOwnPlace } from '../core/device/closed-places.ts';
import type { Config } from '../core/device/config.ts';
import type { Manifest, ManifestFile } from '../core/release/manifest.ts';
import { fileMode } from '../core/release/manifest.ts';
import { mapToDevice } from '../core/release/targets.ts';
import { orderOf } from './plan/operation-order.ts';
import type { ChangeSet, Content, Installed } from './types.ts';

/** What is known of one file of the release. */
export interface FoundFile {
  size: number;
  isScript: boolean;
  content: Content;
}

/**
 * Everything of the release, and the removal of what only the installed one has; what an earlier updater let a release bring into a
 * place of the updater's own is left alone. `find` is asked for each file, in the order of the manifest, with its path on the device.
 * Throws PATH_REFUSED for a file that would be the updater's own, or has no target.
 */
export function manifestChange(
  manifest: Manifest,
  { target }: Pick<Config, 'target'>,
  branch: string,
  installed: Installed | null,
  find: (file: ManifestFile, path: string) => FoundFile,
): ChangeSet {
  const mapped = mapToDevice(
    manifest.files.map((file) => file.path),
    target,
  );
  const puts = manifest.files.map((file) => {
    const path = mapped.get(file.path) ?? '';
    const { size, isScript, content } = find(file, path);
    const mode = fileMode(file, isScript);
    return { path, sha256: file.sha256, size, mode, order: orderOf(path, mode), config: file.config, content, listed: true };
  });
  const stays = new Set(puts.map((put) => put.path));
  const deletes = (installed?.files ?? []).map((file) => file.path).filter((path) => !stays.has(path) && !isOwnPlace(path));
  return { puts, deletes, installed, version: manifest.version, branch, restore: null };
}
