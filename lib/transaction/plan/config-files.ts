/**
 * Files marked `config: true`, after dpkg's conffile rule: a version that the owner edited stays, ours is left beside it as
 * `<path>.pikit-new`, and only when we ship something new. installed.json keeps the hash of what was shipped, so "edited" is
 * known. A pending `.pikit-new` stays until the release ships another one, or no longer has the file.
 */
import { lstatOrNull } from '../files/durable.ts';
import { liveFile } from './live-files.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { onDisk } from '../transaction-paths.ts';
import type { ChangeSet, InstalledFile, Put } from '../types.ts';

interface Ruled {
  puts: Put[];
  deletes: string[];
  kept: string[];
  listed: InstalledFile[];
}

/** Applies the rule to a change: which files are really put, and what installed.json will list. */
export function configRule(place: TransactionPaths, change: ChangeSet, shipped: ReadonlyMap<string, string>): Ruled {
  const puts: Put[] = [];
  const listed: InstalledFile[] = [];
  const kept: string[] = [];
  const stays = new Set<string>();
  for (const put of change.puts) {
    if (put.listed) listed.push(listing(put.path, put));
    if (!put.config || !isEdited(place, put, shipped.get(put.path))) {
      puts.push(put);
      continue;
    }
    const beside = `${put.path}.pikit-new`;
    const pending = shipped.get(beside);
    if (shipped.get(put.path) === put.sha256) {
      if (pending === undefined) continue;
      stays.add(beside);
      if (liveFile(place, beside) === null) continue;
    } else {
      puts.push({ ...put, path: beside, config: false });
    }
    kept.push(beside);
    listed.push(listing(beside, put));
  }
  return { puts, deletes: change.deletes.filter((path) => !stays.has(path)), kept, listed };
}

function listing(path: string, put: Put): InstalledFile {
  return { path, sha256: put.sha256, size: put.size, mode: `0${put.mode.toString(8).padStart(3, '0')}` };
}

/** Edited: it is there, it is not what we bring, and it is not what we brought last time. A directory is for the plan to judge. */
function isEdited(place: TransactionPaths, put: Put, shippedSha: string | undefined): boolean {
  if (lstatOrNull(onDisk(place, put.path))?.isDirectory() === true) return false;
  const live = liveFile(place, put.path);
  return live !== null && live.sha256 !== put.sha256 && live.sha256 !== shippedSha;
}
