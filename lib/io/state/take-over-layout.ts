/**
 * From the layout before this one, in which all folders belonged to the user of the network steps: the owner's choices become root's,
 * and what lay elsewhere goes. Run by the package, when systemd-tmpfiles has given the folders their owners; for the settings, before that.
 */
import type { DevicePaths } from '../../core/device/paths.ts';
import { Settings } from '../../core/device/state.ts';
import { tokenPath } from '../../core/device/paths.ts';
import { toUpdateError } from '../../core/errors.ts';
import { lstatOrNull } from '../../transaction/files/durable.ts';
import type { ReportWarning } from './json-file.ts';
import { isForeign, readOrSetAside, readRootsOrSetAside, removeOwned } from './json-file.ts';
import { makeFolder, ownerOf } from './real-directory.ts';
import type { StateFiles } from './state-files.ts';

/**
 * Can be run again at any time. Where there are no settings, the defaults are written, so that no other user can put some there. What
 * cannot be done is reported, and the rest is done. Takes no lock: a step that runs meanwhile reads none of what is removed, which is
 * names of the layout before, where no gate of this package looks, and files of others where only root's count.
 */
export async function takeOverLayout(paths: DevicePaths, files: StateFiles, report: ReportWarning): Promise<void> {
  const tell = (error: unknown): void => {
    report(`failed to take over the old layout, ignoring: ${toUpdateError(error).message}`);
  };
  const quietly = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      tell(error);
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
  const { runDir, orders, next, granted, wanted } = paths;
  for (const path of [
    `${runDir}/retry`,
    `${runDir}/wanted`,
    `${runDir}/confirmed.json`,
    `${orders}/retry`,
    `${orders}/confirmed.json`,
    `${next}/rollback`,
    `${granted}/rollback`,
    `${granted}/apply`,
  ]) {
    quietly(() => {
      removeOwned(path, report);
    });
  }
  // Put there while the folder above was still that user's. Not the token for apply: its gate moves one of that user there.
  const { rootLock, settingsLock } = paths;
  for (const path of [wanted, rootLock, settingsLock, tokenPath(paths, 'next', 'rollback'), tokenPath(paths, 'granted', 'rollback')]) {
    quietly(() => {
      if (isAnothers(path)) removeOwned(path, report);
    });
  }
  // With the lock, now that it is root's.
  await takeOverSettings(paths, files, report).catch(tell);
}

function isAnothers(path: string): boolean {
  const stat = lstatOrNull(path);
  return stat !== null && isForeign(path, stat.uid);
}

/**
 * Bounded, checked, and never through a link; then written anew. Settings of another user are taken over only while the folder is
 * that user's, as it was in the layout before: in the present one, only root writes there.
 */
export async function takeOverSettings(paths: DevicePaths, files: StateFiles, report: ReportWarning): Promise<void> {
  if (ownerOf(paths.stateDir)?.uid !== process.geteuid?.()) {
    // Without the lock, which the updater of that layout did not know: its folder is not root's yet.
    files.writeSettings(readOrSetAside(paths.settings, Settings, 'settings.json', report) ?? Settings.parse({}));
    return;
  }
  const isThere = (): boolean => readRootsOrSetAside(paths.settings, Settings, 'settings.json', report) !== null;
  await files.changeSettings((now) => (isThere() ? now : { ...now }), new AbortController().signal);
}
