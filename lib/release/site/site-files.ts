/**
 * The single files of a release, `files/<branch>/<package>/<path>` (OBS RFC 48): a path keeps its place from release to release,
 * and its content changes there. So a device with the manifest of a release before may find other bytes than it expects, or a
 * file missing; it sees that by the hash, and takes the bundle, which never changes.
 * Nothing is ever written into a file that is there: it may be a hard link, shared with another branch.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import type { ManifestFile } from '../../core/release/manifest.ts';
import { filePath } from '../../core/release/site-layout.ts';
import { copyToNew, fsyncDir, holdsBytes, lstatOrNull, removeTree, rmdirIfEmpty, unlinkIfThere } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import { packageOf } from '../builder/package-name.ts';

export const FILES_NAME = 'files';
/** A name that no branch and no file of a release can have. */
const STAGING = /^\.pikit-[0-9a-f]{8}\.tmp$/;
/** File systems without hard links, or with as many as they allow. */
const NO_LINK = new Set(['EPERM', 'EXDEV', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

export type ReleaseFile = Pick<ManifestFile, 'path' | 'sha256' | 'size' | 'package'>;

export interface SiteFile {
  sha256: string;
  /** Null where the manifest does not say. */
  size: number | null;
  /** Path within the release. */
  path: string;
  /** Path below the site. */
  at: string;
}

/** Where the files of a release are on a branch. */
export function siteFiles(branch: string, files: readonly ReleaseFile[]): SiteFile[] {
  return files.map(({ path, sha256, size, package: name }) => ({
    path,
    sha256,
    size: size ?? null,
    at: filePath(branch, name ?? packageOf(path), path),
  }));
}

/** Whether the file is in its place, with its bytes; what is reached through a symlink is not. */
export function isPlaced(dir: string, file: SiteFile): boolean {
  return isFolder(dir, dirname(file.at)) && holds(join(dir, file.at), file);
}

function isFolder(dir: string, at: string): boolean {
  return at === FILES_NAME || (isFolder(dir, dirname(at)) && lstatOrNull(join(dir, at))?.isDirectory() === true);
}

export interface StagedFiles {
  /** Puts them in their places. */
  place: () => void;
  /** Removes what was not placed. */
  discard: () => void;
}

/**
 * Makes ready, beside the branches, every file that is not in its place yet: a hard link to the same file of another branch, or a
 * copy, durable and hashed while it is written. The live site is as it was until `place`. Throws INPUT_REFUSED when a source
 * is not what the release says; leaves nothing behind then.
 */
export function stageFiles(dir: string, files: readonly SiteFile[], sourceOf: (file: SiteFile) => string): StagedFiles {
  const staging = join(dir, FILES_NAME, `.pikit-${randomBytes(4).toString('hex')}.tmp`);
  const discard = (): void => {
    removeTree(staging);
  };
  const missing = files.filter((file) => !isPlaced(dir, file)).map((file, index) => ({ file, staged: join(staging, String(index)) }));
  mkdirDurable(join(dir, FILES_NAME), 0o755);
  try {
    if (missing.length > 0) fs.mkdirSync(staging, { mode: 0o755 });
    const branches = branchFolders(dir);
    for (const { file, staged } of missing) {
      const twin = twinOf(dir, branches, file);
      if (twin === null || !linked(twin, staged)) copyChecked(sourceOf(file), staged, file);
    }
  } catch (error) {
    discard();
    throw error;
  }
  return {
    place: () => {
      placeAll(dir, missing);
      discard();
    },
    discard,
  };
}

/**
 * Removes what is below `files/<branch>/` and not in the release that the branch offers now, and what interrupted runs left
 * beside it. Not durable by itself: what a power cut brings back is found by verify, and removed with the next release.
 */
export function sweepFiles(dir: string, branch: string, files: readonly SiteFile[]): void {
  const folder = join(dir, FILES_NAME);
  for (const name of fs.readdirSync(folder)) if (STAGING.test(name)) removeTree(join(folder, name));
  sweep(dir, `${FILES_NAME}/${branch}`, new Set(files.map(({ at }) => at)));
}

function sweep(dir: string, at: string, keep: ReadonlySet<string>): void {
  for (const entry of fs.readdirSync(join(dir, at), { withFileTypes: true })) {
    const path = `${at}/${entry.name}`;
    if (entry.isDirectory()) {
      sweep(dir, path, keep);
      rmdirIfEmpty(join(dir, path));
    } else if (!keep.has(path)) unlinkIfThere(join(dir, path));
  }
}

function branchFolders(dir: string): string[] {
  return fs.readdirSync(join(dir, FILES_NAME)).filter((name) => !name.startsWith('.'));
}

/** The same file of another branch: same package, same path, same bytes. */
function twinOf(dir: string, branches: readonly string[], file: SiteFile): string | null {
  const [, , ...below] = file.at.split('/');
  return branches.map((branch) => join(dir, FILES_NAME, branch, ...below)).find((path) => holds(path, file)) ?? null;
}

/** A file of another size needs no reading. */
function holds(path: string, file: SiteFile): boolean {
  return (file.size === null || lstatOrNull(path)?.size === file.size) && holdsBytes(path, file);
}

function linked(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if (NO_LINK.has(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

function copyChecked(from: string, to: string, file: SiteFile): void {
  if (copyToNew(from, to, { mode: 0o644, owner: null }) === file.sha256) return;
  throw new UpdateError('INPUT_REFUSED', `'${file.path}' changed while it was read`, { hint: 'build from a folder that nothing writes to' });
}

function placeAll(dir: string, missing: readonly { file: SiteFile; staged: string }[]): void {
  const touched = new Set<string>();
  for (const { file, staged } of missing) {
    const target = join(dir, file.at);
    makeFolder(dir, dirname(file.at), touched);
    if (lstatOrNull(target)?.isDirectory() === true) removeTree(target);
    fs.renameSync(staged, target);
    touched.add(dirname(target));
  }
  for (const folder of touched) fsyncDir(folder);
}

/** Makes a folder of the site, also where an earlier release had a file. */
function makeFolder(dir: string, at: string, touched: Set<string>): void {
  const path = join(dir, at);
  const stat = lstatOrNull(path);
  if (stat?.isDirectory() === true || at === FILES_NAME) return;
  makeFolder(dir, dirname(at), touched);
  unlinkIfThere(path);
  fs.mkdirSync(path, { mode: 0o755 });
  touched.add(dirname(path));
}
