/**
 * Brings a folder, which may be live behind a web server or be a stick on its way to a device, to what a site offers: what
 * manifests name before the manifests, the list of branches last, and each file under a temporary name until it is complete and
 * on disk. So whoever reads meanwhile, and whenever the stick is pulled out, there is the old or the new, never a half.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { UpdateError, mismatch } from '../core/errors.ts';
import { BRANCHES_NAME } from '../core/site-layout.ts';
import { copyToNew, fsyncDir, hashFile, lstatOrNull, mkdirDurable, unlinkIfThere } from '../transaction/durable.ts';
import { withLockIfAny } from './site-lock.ts';
import { BUNDLES_NAME, SITE_FOLDERS, isSigned, manifestFiles } from './site.ts';

/** A leftover of an interrupted run has the same name again, and is written anew. */
const SUFFIX = '.publish.tmp';
const MAX_NAME_BYTES = 255;

export interface FolderPublication {
  site: string;
  /** A folder with the manifests and the list of branches, which stay as they are. */
  documents: string;
  to: string;
  /** File names of the manifests to publish. */
  manifests: readonly string[];
  /** Branches of which single files are published; null for all. */
  branches: readonly string[] | null;
  signal: AbortSignal;
  onDone: (what: string) => void;
}

/**
 * Publishes. Removes only single files that the release on their branch no longer has. Throws USAGE when one folder is in the other, SITE_INVALID when the target is a signed site,
 * RELEASE_CHANGED when it has another bundle under the same name, BUSY when somebody else publishes there, CANCELLED; errors of the disk as they are.
 */
export function publishToFolder(publication: FolderPublication): void {
  const { site, to } = publication;
  mkdirDurable(to, 0o755);
  assertApart(site, to);
  // Two at once would write to the same temporary files.
  withLockIfAny(to, () => {
    publishAlone(publication);
  });
}

function publishAlone({ site, documents, to, manifests, branches, signal, onDone }: FolderPublication): void {
  if (isSigned(to)) {
    throw new UpdateError('SITE_INVALID', `'${to}' is a signed site: unsigned releases do not belong there`, { hint: 'publish to another folder' });
  }
  const bundles = filesBelow(site, BUNDLES_NAME);
  for (const path of bundles) assertSameBundle(join(site, path), join(to, path));
  const others = SITE_FOLDERS.filter((folder) => folder !== BUNDLES_NAME).flatMap((folder) => filesBelow(site, folder));
  const chosen = others.filter((path) => branches === null || isOf(path, branches));
  const files = [...bundles, ...chosen].map((path) => ({ from: site, path }));
  for (const { from, path } of [...files, ...[...manifests, BRANCHES_NAME].map((name) => ({ from: documents, path: name }))]) {
    if (signal.aborted) throw new UpdateError('CANCELLED', 'cancelled', { hint: 'run it again: it goes on where it stopped' });
    if (place(join(from, path), join(to, path))) onDone(`copied ${path}`);
  }
  // Last: a device that still has the manifest of a moment ago finds the files that it names for as long as that is possible.
  for (const path of singleFiles(to, branches)) {
    if (chosen.includes(path)) continue;
    unlinkIfThere(join(to, path));
    onDone(`removed ${path}`);
  }
}

/** `files/<branch>/…` of these branches: releases replace each other there, so what the current one has not is of no use. */
function singleFiles(dir: string, branches: readonly string[] | null): string[] {
  return filesBelow(dir, 'files').filter((path) => branches === null || isOf(path, branches));
}

/** Manifests that the target has and the site has not: they stay, but nobody should wonder. */
export function foreignManifests(site: string, to: string): string[] {
  const ours = new Set(manifestFiles(site).map(({ name }) => name));
  return manifestFiles(to).flatMap(({ name }) => (ours.has(name) ? [] : [name]));
}

/** Copies a file unless the same bytes are there. Complete and on disk before it has its name. */
function place(from: string, to: string): boolean {
  const stat = lstatOrNull(to);
  const sha256 = hashFile(from);
  if (stat?.isFile() === true && stat.size === fs.statSync(from).size && hashFile(to) === sha256) return false;
  mkdirDurable(dirname(to), 0o755);
  const temporary = temporaryFor(to);
  unlinkIfThere(temporary);
  try {
    const copied = copyToNew(from, temporary, { mode: 0o644, owner: null });
    if (copied !== sha256) throw new UpdateError('SITE_INVALID', `'${from}' changed while it was copied: ${mismatch('sha256', sha256, copied)}`);
    fs.renameSync(temporary, to);
  } catch (error) {
    unlinkIfThere(temporary);
    throw error;
  }
  fsyncDir(dirname(to));
  return true;
}

/** Beside the file, and not longer than a name may be. */
function temporaryFor(to: string): string {
  const name = `${basename(to)}${SUFFIX}`;
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return join(dirname(to), name);
  return join(dirname(to), `.pikit-${createHash('sha256').update(name).digest('hex')}${SUFFIX}`);
}

/** A bundle that devices may have read must not change under its name. */
function assertSameBundle(from: string, to: string): void {
  if (lstatOrNull(to) === null || hashFile(from) === hashFile(to)) return;
  throw new UpdateError('RELEASE_CHANGED', `'${to}' is there already, with other content`, {
    hint: 'devices may have that version already: build the release again under a new version',
  });
}

function assertApart(site: string, to: string): void {
  const [a, b] = [`${fs.realpathSync(site)}/`, `${fs.realpathSync(to)}/`];
  if (!a.startsWith(b) && !b.startsWith(a)) return;
  throw new UpdateError('USAGE', `'${to}' and the site '${site}' are one inside the other`, { hint: 'publish to a folder apart' });
}

/** `files/<branch>/…` and `patches/<branch>/…` belong to a branch, anything else to all. */
function isOf(path: string, branches: readonly string[]): boolean {
  const match = /^(?:files|patches)\/([^/]+)\//.exec(path);
  return match === null || branches.includes(match[1] ?? '');
}

/** What an interrupted run has left, or another one is just making. */
const UNFINISHED = /^(?!files\/).*\.(?:tmp|partial)(?:\/|$)|^files\/\.pikit-|\.publish\.tmp$/s;

/** Plain files below a folder of the site, as paths of the site, in order; unfinished ones are none. */
function filesBelow(site: string, folder: string): string[] {
  if (!fs.existsSync(join(site, folder))) return [];
  const entries = fs.readdirSync(join(site, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => relative(site, join(entry.parentPath, entry.name)));
  return files.filter((path) => !UNFINISHED.test(path)).toSorted();
}
