/** installed.json as a reader wants it: one that was damaged is known from the backup that the same update made. */
import { UpdateError } from '../../core/errors.ts';
import { VERSION_FILE } from '../../core/device/paths.ts';
import { readBackupIn, wholeBackups } from './backups.ts';
import { lstatOrNull } from '../files/durable.ts';
import { isInstalled } from '../schemas.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { onDisk } from '../transaction-paths.ts';
import { readPlain } from '../files/plain-file.ts';
import { readChecksummed } from '../checksummed-json.ts';
import type { Installed } from '../types.ts';

/** One line, with a version. */
const VERSION_MAX_BYTES = 4096;

/**
 * What is installed, or null on a device that never had an update. A list that is gone is known from the backup as well, unless
 * a transaction is open: recovery knows better then. Throws STATE_INVALID when it cannot be known.
 */
export function readInstalled(place: TransactionPaths): Installed | null {
  const read = readChecksummed(place.installed, isInstalled);
  if (read.is === 'absent') return lstatOrNull(place.journal) === null ? installedByBackup(place) : null;
  const known = read.is === 'there' ? read.value : installedByBackup(place);
  if (known !== null) return known;
  throw new UpdateError('STATE_INVALID', `'${place.installed}' is damaged, and no backup has its content`, {
    hint: `move '${place.installed}' somewhere else and install a release again: its files replace the existing ones`,
  });
}

/** The list of that side of the newest backup which the version file names. */
function installedByBackup(place: TransactionPaths): Installed | null {
  const folder = wholeBackups(place).at(-1);
  const read = folder === undefined ? null : readBackupIn(place, folder);
  if (read?.is !== 'there') return null;
  const version = liveVersion(place);
  if (version === null || read.value.after.version === read.value.from) return null;
  if (read.value.after.version === version) return read.value.after;
  return read.value.from === version ? read.value.before : null;
}

function liveVersion(place: TransactionPaths): string | null {
  const read = readPlain(onDisk(place, VERSION_FILE), { maxBytes: VERSION_MAX_BYTES });
  return read.is === 'there' ? read.bytes.toString('utf8').trim() : null;
}
