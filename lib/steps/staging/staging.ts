/** What fetch leaves for apply: /var/cache/pikit-update/<version>/ with manifest.json and tree/, and the file `staged`. */
import fs from 'node:fs';
import { errnoOf, toUpdateError } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { MANIFEST_MAX_BYTES, parseManifest } from '../../core/release/manifest.ts';
import type { Staged } from '../../core/device/state.ts';
import { isVersion } from '../../core/release/version.ts';
import type { PlainRead } from '../../transaction/files/plain-file.ts';
import { isHoisted, sweep } from '../../transaction/files/sweep.ts';
import { readUntrusted, stagedInvalid } from '../../transaction/files/untrusted-files.ts';
import type { StagedTree } from './change-set.ts';
import type { StepDeps } from '../deps.ts';
import { sha256Of } from '../../core/digest.ts';

/** The folder of one version. Versions are semver, so the name is safe. */
export function stagingDir(deps: StepDeps, version: string): string {
  return `${deps.paths.cacheDir}/${version}`;
}

/** Its files, as root takes them. */
export function stagedTree(deps: StepDeps, version: string): StagedTree {
  return { base: deps.paths.cacheDir, tree: `${version}/tree` };
}

/** The digest of the manifest that is staged, or null. */
export function stagedFor(deps: StepDeps): string | null {
  return deps.files.readStaged()?.manifest_sha256 ?? null;
}

/** Removes the mark first, then the folders: never a mark without a tree. */
export function dropStaging(deps: StepDeps): void {
  if (deps.files.readStaged() === null) return;
  unmarkStaged(deps);
  dropStagingFolders(deps, null);
}

/** What is staged no longer counts as complete; the folders stay. */
export function unmarkStaged(deps: StepDeps): void {
  deps.files.removeStaged();
  const state = deps.files.readState();
  if (state.staged !== null) deps.files.writeState({ ...state, staged: null });
}

/**
 * Removes the folders of all versions but one; interrupted downloads of others are of no use any more. Does not fail: a
 * folder that stays takes room and does no harm.
 */
export function dropStagingFolders(deps: StepDeps, keep: string | null): void {
  const { cacheDir } = deps.paths;
  try {
    const names = readdirOrEmpty(cacheDir).filter((name) => (isVersion(name) && name !== keep) || isHoisted(name));
    if (names.length > 0) sweep(cacheDir, names);
  } catch (error) {
    deps.log.warning(`failed to remove old files from '${cacheDir}', ignoring: ${toUpdateError(error).message}`);
  }
}

function readdirOrEmpty(dir: string): string[] {
  try {
    return fs.readdirSync(dir);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * The manifest of what is staged, checked against the digest that fetch verified; its files are checked by hash as they are
 * installed. Throws STAGED_INVALID when manifest and mark do not agree or are not there.
 */
export function readStagedManifest(deps: StepDeps, staged: Staged): Manifest {
  if (!isVersion(staged.version)) throw stagedInvalid(`'${deps.paths.staged}' does not name a version`);
  const file = `${stagingDir(deps, staged.version)}/manifest.json`;
  const read = readDamaged(deps.paths.cacheDir, `${staged.version}/manifest.json`);
  if (read.is !== 'there') throw stagedInvalid(`'${file}' ${read.is === 'odd' ? read.why : 'is missing'}`);
  const { bytes } = read;
  if (sha256Of(bytes) !== staged.manifest_sha256) throw stagedInvalid(`'${file}' is not the manifest that was verified`);
  const manifest = parseManifest(bytes, `'${file}'`);
  if (manifest.version !== staged.version) throw stagedInvalid(`'${file}' describes ${manifest.version}, not ${staged.version}`);
  if (manifest.branch !== undefined && manifest.branch !== staged.branch) {
    throw stagedInvalid(`'${file}' is of the branch '${manifest.branch}', not of '${staged.branch}'`);
  }
  return manifest;
}

/** An unreadable file there is damage as well: only a new download repairs it. */
function readDamaged(base: string, file: string): PlainRead {
  try {
    return readUntrusted(base, file, MANIFEST_MAX_BYTES);
  } catch (error) {
    if (errnoOf(error) !== 'EIO') throw error;
    throw stagedInvalid(`cannot read '${base}/${file}'`, error);
  }
}
