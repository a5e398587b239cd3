/**
 * Brings a folder, which may be live behind a web server or be a stick on its way to a device, to what a site offers: what
 * manifests name before the manifests, the list of branches last, and each file under a temporary name until it is complete and
 * on disk; signatures follow what they name, their timestamp last. So a reader, or a stick that is pulled out, always has the old or the new site, never a half.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { BRANCHES_NAME, BRANCH_RECORD_NAME, keptManifestPath, releasesName } from '../../core/release/site-layout.ts';
import { hashFile, lstatOrNull, writeDurable } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import { clearWay, copyFile, filesBelow, blockedBy, removeFile, sweepCopies } from './folder-copy.ts';
import { assertNotBehind, assertNotWithdrawn } from '../builder/not-behind.ts';
import { metadataFiles, pruneMetadata } from '../trust/metadata-files.ts';
import { assertFolderNotBehind, isAcceptedBy, rootThere } from './metadata-order.ts';
import { mergedList, readList } from './published-list.ts';
import { withLockIfAny } from '../site/site-lock.ts';
import { BUNDLES_NAME, SITE_FOLDERS, TUF_NAME, isSigned, manifestFiles, readIfThere } from '../site/site.ts';
import { removeBundles, removeManifests } from './withdrawn-files.ts';
import type { Withdrawal } from '../site/withdrawn.ts';
import { allWithdrawn } from '../site/withdrawn.ts';

export interface FolderPublication {
  site: string;
  /** A folder with the manifests, the list of branches and the signed metadata, which stay as they are. */
  documents: string;
  to: string;
  /** File names of the manifests to publish. */
  manifests: readonly string[];
  /** What is not to be there any more. */
  withdrawn?: readonly Withdrawal[];
  /** Branches of which single files and entries of the list are published; null for all. */
  branches: readonly string[] | null;
  signal: AbortSignal;
  onDone: (what: string) => void;
}

/**
 * Publishes. Removes only single files that the release on their branch no longer has, and what was withdrawn. Throws USAGE when one folder is in the other, SITE_INVALID when the target is a signed site and this one is not, SIGNATURE_INVALID when it is signed by other keys,
 * RELEASE_CHANGED when it has another bundle under the same name, VERSION_NOT_NEWER when it has a later manifest, list or signature than the
 * site, BUSY when another process publishes there, CANCELLED; errors of the disk as they are.
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

function publishAlone({ site, documents, to, manifests, branches, signal, onDone, withdrawn = [] }: FolderPublication): void {
  assertFolderNotBehind(documents, to);
  const list = mergedList({ ours: readList(documents), theirs: readList(to), branches, to });
  for (const name of manifests) {
    const ours = fs.readFileSync(join(documents, name));
    assertNotBehind(name, ours, readIfThere(join(to, name)), to);
    assertNotWithdrawn(name, ours, allWithdrawn(to), to);
  }
  const bundles = filesBelow(site, BUNDLES_NAME);
  for (const path of bundles) assertSameBundle(join(site, path), join(to, path));
  const others = SITE_FOLDERS.filter((folder) => folder !== BUNDLES_NAME).flatMap((folder) => filesBelow(site, folder));
  const back = new Set(withdrawn.map(({ branch, version }) => keptManifestPath(branch, version)));
  const chosen = others.filter((path) => !back.has(path) && (branches === null || isOf(path, branches)));
  const put = (from: string, path: string): void => {
    if (signal.aborted) throw new UpdateError('CANCELLED', 'cancelled', { hint: 'run it again to resume' });
    if (copyFile(join(from, path), join(to, path))) onDone(`copied ${path}`);
  };
  const files = [...bundles, ...chosen];
  const blocked = new Set(files.filter((path) => blockedBy(to, path) !== null));
  for (const path of files) if (!blocked.has(path)) put(site, path);
  for (const path of [...lists(documents, manifests, withdrawn), ...manifests]) put(documents, path);
  // Before anything is removed: from the new timestamp on, devices go by what is new.
  const metadata = isSigned(documents) ? metadataFiles(documents, { rootsLast: isAcceptedBy(rootThere(to), documents) }) : [];
  for (const { path } of metadata) put(documents, path);
  for (const path of removeManifests(to, withdrawn)) onDone(`removed ${path}`);
  for (const [name, bytes] of [[BRANCHES_NAME, list.list] as const, [BRANCH_RECORD_NAME, list.record] as const]) {
    if (bytes === null || readIfThere(join(to, name))?.equals(bytes) === true) continue;
    writeDurable(join(to, name), bytes, { mode: 0o644 });
    onDone(`copied ${name}`);
  }
  // Last: a device that still has the manifest of a moment ago finds the files that it names for as long as that is possible.
  for (const path of blocked) {
    clearWay(to, path);
    put(site, path);
  }
  const wanted = new Set(chosen);
  for (const path of singleFiles(to, branches)) {
    if (wanted.has(path)) continue;
    removeFile(to, path, 'files');
    onDone(`removed ${path}`);
  }
  for (const path of removeBundles(to, withdrawn, new Set(bundles))) onDone(`removed ${path}`);
  for (const path of metadata.length === 0 ? [] : pruneMetadata(to)) onDone(`removed ${path}`);
  for (const folder of [...SITE_FOLDERS, TUF_NAME]) sweepCopies(to, folder);
}

/** The lists of releases of these manifests' branches; a site of an earlier version has none. */
function lists(documents: string, manifests: readonly string[], withdrawn: readonly Withdrawal[]): string[] {
  const names = [...manifests.map((name) => name.replace(/^manifest/, 'releases')), ...withdrawn.map(({ branch }) => releasesName(branch))];
  return [...new Set(names)].filter((name) => fs.existsSync(join(documents, name)));
}

/** `files/<branch>/…` of these branches: releases replace each other there, so what the current one has not is of no use. */
function singleFiles(dir: string, branches: readonly string[] | null): string[] {
  return filesBelow(dir, 'files').filter((path) => branches === null || isOf(path, branches));
}

/** Manifests that the target has and the site has not: they stay, and a notice says so. */
export function foreignManifests(site: string, to: string): string[] {
  const ours = new Set(manifestFiles(site).map(({ name }) => name));
  return manifestFiles(to).flatMap(({ name }) => (ours.has(name) ? [] : [name]));
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

/** `files/<branch>/…`, `patches/<branch>/…` and `manifests/<branch>/…` belong to a branch, anything else to all. */
function isOf(path: string, branches: readonly string[]): boolean {
  const match = /^(?:files|patches|manifests)\/([^/]+)\//.exec(path);
  return match === null || branches.includes(match[1] ?? '');
}
