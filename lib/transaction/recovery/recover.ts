/** What a device does with a transaction that it finds open: at boot, and before every apply and rollback. */
import { UpdateError, toUpdateError } from '../../core/errors.ts';
import { recoverWithoutJournal } from './recover-without-journal.ts';
import { finishCommitted } from '../change/finish.ts';
import { isJournal } from '../schemas.ts';
import { dropTemps, readJournal, setJournalAside, writeJournal } from '../journal.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { rollForward } from '../change/roll-forward.ts';
import { readChecksummed } from '../checksummed-json.ts';
import { undo } from '../transaction.ts';
import type { Journal, Recovery } from '../types.ts';

/**
 * Attempts of one transaction that may fail before it is called broken. One more is made after that, for a device that was
 * mended. Power cuts do not count.
 */
export const MAX_UNDOS = 3;

export interface Recording {
  undone: (journal: Journal) => void;
  finished: (journal: Journal) => void;
}

/**
 * Resolves an open transaction by the table in transaction.ts. Idempotent; a crash inside it is resolved by the next call.
 * Throws what made an attempt fail, the third time as BROKEN; the journal is still there then, for the last attempt.
 */
export function recover(place: TransactionPaths, recording: Recording): Recovery {
  const read = readChecksummed(place.journal, isJournal);
  if (read.is === 'absent') {
    dropTemps(place);
    return { is: 'nothing' };
  }
  return read.is === 'corrupt' ? recoverWithoutJournal(place) : resolve(place, read.value, recording);
}

function resolve(place: TransactionPaths, journal: Journal, recording: Recording): Recovery {
  if (journal.phase === 'committed') return finish(place, journal, recording);
  let committed: Journal;
  try {
    if (journal.kind === 'apply' || journal.phase === 'preparing') {
      undo(place, journal, null, recording.undone);
      return { is: 'undone', journal };
    }
    committed = { ...rollForward(place, journal), phase: 'committed' };
    writeJournal(place, committed);
  } catch (error) {
    return giveUp(place, journal, toUpdateError(error));
  }
  return finish(place, committed, recording);
}

/**
 * The attempts of one boot are over in seconds, and the owner had no time to repair anything. So the third failure tells what to do,
 * and the journal stays for the next attempt, which is the last.
 */
function giveUp(place: TransactionPaths, journal: Journal, failure: UpdateError): Recovery {
  if (journal.undos >= MAX_UNDOS) {
    const reason = `attempt ${String(journal.undos + 1)} failed as well: ${failure.message}`;
    return { is: 'broken', journal, aside: setJournalAside(place, 'broken'), reason };
  }
  if ((readJournal(place)?.undos ?? 0) < MAX_UNDOS) throw failure;
  throw new UpdateError('BROKEN', `the update cannot be undone, ${String(MAX_UNDOS)} attempts failed: ${failure.message}`, {
    hint: failure.hint ?? 'check `dmesg` (the SD card may be failing), then run `pikit-update rollback` to try once more',
    cause: failure,
  });
}

function finish(place: TransactionPaths, journal: Journal, recording: Recording): Recovery {
  finishCommitted(place, journal, () => {
    recording.finished(journal);
  });
  return { is: 'finished', journal };
}
