/**
 * From the layout before this one, in which all folders belonged to the user of the network steps: the owner's choices become root's,
 * and what lay elsewhere goes. Run by the package, when systemd-tmpfiles has given the folders their owners; for the settings, before that.
 */
import type { DevicePaths } from '../core/paths.ts';
import { Settings } from '../core/state.ts';
import { tokenPath } from '../core/paths.ts';
import { toUpdateError } from '../core/errors.ts';
import { lstatOrNull } from '../transaction/durable.ts';
import type { Report } from './json-file.ts';
import { isForeign, readOrSetAside, readRootsOrSetAside, removeOwned } from './json-file.ts';
import { makeFolder, ownerOf } from './real-directory.ts';
import type { StateFiles } from './state-file.ts';

/**
 * Can be run again at any time. Where there are no settings, the defaults are written, so that no other user can put some there. What
 * cannot be done is reported, and the rest is done.
 */
export function takeOver(paths: DevicePaths, files: StateFiles, report: Report): void {
  const quietly = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      report(`${toUpdateError(error).message}, ignoring`);
    }
  };
  const user = ownerOf(paths.cacheDir);
  for (const dir of [paths.next, paths.granted]) {
    quietly(() => {
      makeFolder(dir, user, report);
    });
  }
  for (const dir of [paths.orders, `${paths.orders}/next`, `${paths.orders}/granted`]) {
    quietly(() => {
      makeFolder(dir, null, report);
    });
  }
  quietly(() => {
    takeOverSettings(paths, files, report);
  });
  const { runDir, next, granted } = paths;
  for (const path of [
    `${runDir}/retry`,
    `${runDir}/wanted`,
    `${runDir}/confirmed.json`,
    `${next}/rollback`,
    `${granted}/rollback`,
    `${granted}/apply`,
  ]) {
    quietly(() => {
      removeOwned(path, report);
    });
  }
  // Put there while the folder above was still that user's. Not the token for apply: its gate moves one of that user there.
  const { retry, wanted, confirmed } = paths;
  for (const path of [retry, wanted, confirmed, tokenPath(paths, 'next', 'rollback'), tokenPath(paths, 'granted', 'rollback')]) {
    quietly(() => {
      if (isAnothers(path)) removeOwned(path, report);
    });
  }
}

function isAnothers(path: string): boolean {
  const stat = lstatOrNull(path);
  return stat !== null && isForeign(path, stat.uid);
}

/**
 * Bounded, checked, and never through a link; then written anew. Settings of another user are taken over only while the folder is
 * that user's, as it was in the layout before: in the present one, nobody but root has had anything to say there.
 */
export function takeOverSettings(paths: DevicePaths, files: StateFiles, report: Report): void {
  const isOld = ownerOf(paths.stateDir)?.uid !== process.geteuid?.();
  const read = isOld ? readOrSetAside : readRootsOrSetAside;
  const settings = read(paths.settings, Settings, 'settings.json', report);
  if (settings === null || isOld) files.writeSettings(settings ?? Settings.parse({}));
}
