/** What a device does with a transaction that it finds open: at boot, and before every apply and rollback. */
import { UpdateError, toUpdateError } from '../core/errors.ts';
import { recoverWithoutJournal } from './damaged.ts';
import { finishCommitted } from './finish.ts';
import { isJournal } from './guards.ts';
import { dropTemps, readJournal, setAside, writeJournal } from './journal.ts';
import type { Place } from './place.ts';
import { rollForward } from './roll-forward.ts';
import { readSealed } from './sealed.ts';
import { undo } from './transaction.ts';
import type { Installed, Journal } from './types.ts';

/**
 * Attempts of one transaction that may fail before it is called broken. One more is made after that, for a device that was
 * mended. Power cuts do not count.
 */
export const MAX_UNDOS = 3;

export type Recovery =
  | { is: 'nothing' }
  /** Exactly the old tree; `journal` says of what, and why if that is known. */
  | { is: 'undone'; journal: Journal }
  /** Exactly the new tree of a commit, or the target of a rollback. */
  | { is: 'finished'; journal: Journal }
  /** The journal was damaged. The tree is that of `installed`, known by hash; null when nothing was installed. */
  | { is: 'rebuilt'; installed: Installed | null; aside: string }
  /** It cannot be mended here. Never tried again by itself; `aside` keeps what was found. */
  | { is: 'broken'; journal: Journal | null; aside: string; reason: string };

export interface Recording {
  undone: (journal: Journal) => void;
  finished: (journal: Journal) => void;
}

/**
 * Resolves an open transaction by the table in transaction.ts. Idempotent; a crash inside it is resolved by the next call.
 * Throws what made an attempt fail, the third time as BROKEN; the journal is still there then, for the last attempt.
 */
export function recover(place: Place, recording: Recording): Recovery {
  const read = readSealed(place.journal, isJournal);
  if (read.is === 'absent') {
    dropTemps(place);
    return { is: 'nothing' };
  }
  return read.is === 'corrupt' ? recoverWithoutJournal(place) : resolve(place, read.value, recording);
}

function resolve(place: Place, journal: Journal, recording: Recording): Recovery {
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
 * The attempts of one boot are over in seconds, and nobody had time to mend anything. So the third failure tells what to do,
 * and the journal stays for the next attempt, by whoever makes it: that is the last.
 */
function giveUp(place: Place, journal: Journal, failure: UpdateError): Recovery {
  if (journal.undos >= MAX_UNDOS) {
    const reason = `attempt ${String(journal.undos + 1)} failed as well: ${failure.message}`;
    return { is: 'broken', journal, aside: setAside(place, 'broken'), reason };
  }
  if ((readJournal(place)?.undos ?? 0) < MAX_UNDOS) throw failure;
  throw new UpdateError('BROKEN', `the update cannot be undone, ${String(MAX_UNDOS)} attempts failed: ${failure.message}`, {
    hint: failure.hint ?? 'look at `dmesg` (the card may be failing), then `pikit-update rollback`: it tries once more',
    cause: failure,
  });
}

function finish(place: Place, journal: Journal, recording: Recording): Recovery {
  finishCommitted(place, journal, () => {
    recording.finished(journal);
  });
  return { is: 'finished', journal };
}
