/**
 * Assets of the previous release, for pages of it that are still open: a browser that has loaded index.html a moment ago, or a
 * tab from yesterday, asks for names that the swap has removed. nginx looks here for what the live tree has not (nginx.conf).
 *
 * Why a folder of its own: the backup is root's alone, because it holds scripts and edited settings as well, its name
 * changes with every update, and a rollback makes none. These are only files that every client on the network could read before:
 * below /var/www, of the kinds that a page loads, readable for all in directories that all may enter. No page, no script of
 * the server (its source would be shown), nothing that a link points to. They are hard links, so they cost no space; where
 * links to /var/backups are not possible, nothing is kept.
 *
 * One generation. It comes while `preparing`, before anything is removed, beside the one that is there; a commit removes
 * the older one, an undo the one that came. Which is which is said by the operations in the journal, so a crash at any moment
 * is resolved with everything else. What has no place here is swept: the folder is ours.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { withBarrier } from '../files/barrier.ts';
import type { Sync } from '../files/durable.ts';
import { fsyncDir, lstatOrNull, removeTree, rmdirIfEmpty } from '../files/durable.ts';
import { mkdirDurable } from '../files/directories.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { backupCopy, onDisk } from '../transaction-paths.ts';
import { isLinkRefused } from '../files/move-slowly.ts';
import type { Journal, Operation, OwnedFile } from '../types.ts';

const WEB = '/var/www';
const ASSET = /\.(?:css|m?js|map|json|wasm|svg|png|jpe?g|gif|webp|avif|ico|woff2?|ttf|otf|eot|mp[34]|webm|ogg)(?:\.(?:gz|br|zst))?$/;
const DIR_MODE = 0o755;
const OTHERS_READ = 0o004;
const OTHERS_ENTER = 0o001;

function folderOf(place: TransactionPaths): string {
  return onDisk(place, `${place.backups}-previous`);
}

function keptAt(place: TransactionPaths, path: string): string {
  return folderOf(place) + path.slice(WEB.length);
}

/** Assets that leave with these operations, and leave nothing in their place. */
function leaving(ops: readonly Operation[]): OwnedFile[] {
  const files = ops.flatMap(({ old, new: fresh }) => {
    if (old?.type === 'dir') return old.files;
    return old === null || fresh !== null ? [] : [old.file];
  });
  return files.filter(({ path, mode }) => path.startsWith(`${WEB}/`) && ASSET.test(path) && (mode & OTHERS_READ) !== 0);
}

/** Real paths of the directories that keeping them takes, at most. */
export function oldAssetDirs(place: TransactionPaths, ops: readonly Operation[]): string[] {
  const parents = (dir: string): string[] => (dir.length < folderOf(place).length ? [] : [dir, ...parents(dirname(dir))]);
  return [...new Set(leaving(ops).flatMap(({ path }) => parents(dirname(keptAt(place, path)))))];
}

/**
 * Keeps the assets that are about to leave, durably as `sync` has it, beside those that are kept already. The bytes are those of the live
 * tree: the caller makes them durable.
 */
export function keepOldAssets(place: TransactionPaths, journal: Journal, sync: Sync): void {
  if (!isFolderOurs(place)) return;
  const dirs = new Set<string>();
  for (const file of leaving(journal.ops).filter(({ path }) => mayBeReached(place, dirname(path)))) {
    const to = keptAt(place, file.path);
    makeWay(place, dirname(to), sync);
    removeTree(to);
    const sources = journal.kind === 'apply' ? [file.path, backupCopy(journal.backup, file.path)] : [file.path];
    if (sources.some((source) => link(onDisk(place, source), to))) dirs.add(dirname(to));
  }
  for (const dir of dirs) sync.dir(dir);
  sweep(place, () => true);
}

/** After a commit: what left with it is all that is kept. Durable; can be run again. */
export function pruneOldAssets(place: TransactionPaths, journal: Journal): void {
  const wanted = new Set(leaving(journal.ops).map(({ path }) => keptAt(place, path)));
  sweep(place, (path) => wanted.has(path));
}

/** After an undo: nothing has left. Durable; can be run again. */
export function dropOldAssets(place: TransactionPaths, journal: Journal): void {
  const unwanted = new Set(leaving(journal.ops).map(({ path }) => keptAt(place, path)));
  sweep(place, (path) => !unwanted.has(path));
}

/** Where no journal says what is of which release: none is kept. Durable. */
export function removeOldAssetDirs(place: TransactionPaths): void {
  sweep(place, () => false);
}

/** Its parent is checked with every plan; a link to elsewhere in its place is left alone. */
function isFolderOurs(place: TransactionPaths): boolean {
  return lstatOrNull(folderOf(place))?.isDirectory() !== false;
}

/** A file that all may read is not public in a directory that some may not enter. */
function mayBeReached(place: TransactionPaths, dir: string): boolean {
  const stat = lstatOrNull(onDisk(place, dir));
  if (stat?.isDirectory() !== true || (stat.mode & OTHERS_ENTER) === 0) return false;
  return dir === WEB || mayBeReached(place, dirname(dir));
}

/** The directories above; something older with the name of one goes. */
function makeWay(place: TransactionPaths, dir: string, sync: Sync): void {
  if (dir.length > folderOf(place).length) {
    makeWay(place, dirname(dir), sync);
    if (lstatOrNull(dir)?.isDirectory() === false) removeTree(dir);
  }
  for (const made of mkdirDurable(dir, DIR_MODE, sync)) fs.chmodSync(made, DIR_MODE);
}

/** Says whether it is there now. Without it, a page that is open misses something: no reason not to update. */
function link(source: string, to: string): boolean {
  try {
    fs.linkSync(source, to);
    return true;
  } catch (error) {
    if (!isLinkRefused(error)) throw error;
    return false;
  }
}

/** Removes the files that do not stay, and the directories that hold none, itself included. */
function sweep(place: TransactionPaths, stays: (path: string) => boolean): void {
  const folder = folderOf(place);
  if (lstatOrNull(folder)?.isDirectory() !== true) return;
  if (!withBarrier([folder], (barrier) => sweepIn(folder, stays, barrier))) return;
  rmdirIfEmpty(folder);
  fsyncDir(dirname(folder));
}

/** Says whether it is empty now; if not, what was removed is durably so, as `sync` has it. */
function sweepIn(dir: string, stays: (path: string) => boolean, sync: Sync): boolean {
  let left = 0;
  let removed = false;
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory() ? !sweepIn(path, stays, sync) : stays(path)) {
      left += 1;
      continue;
    }
    removeTree(path);
    removed = true;
  }
  if (removed && left > 0) sync.dir(dir);
  return left === 0;
}
