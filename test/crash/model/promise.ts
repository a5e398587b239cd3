/** Which release a power cut may leave: known from how far the transaction was, and from what the journal says. */
import assert from 'node:assert/strict';
import { isJournal } from '../../../lib/transaction/schemas.ts';
import { checkChecksum } from '../../../lib/transaction/checksummed-json.ts';
import type { Journal } from '../../../lib/transaction/types.ts';
import type { Disk, Op } from './disk.ts';
import { lookUp, nodeOf } from './disk.ts';
import type { Recorded } from './record.ts';
import type { Survivor } from './survive.ts';

export const OLD = 0;
const NEW = 1;

const JOURNAL = '/var/lib/pikit/journal.json';

function journalAt(disk: Disk, ino: number): Journal {
  const node = nodeOf(disk, ino);
  const value = node.type === 'file' ? checkChecksum(node.bytes.toString()) : null;
  assert.ok(isJournal(value), 'the journal is damaged');
  return value;
}

/** From here on there is no way back: an apply is committed, a rollback has begun. */
function isPointOfNoReturn(journal: Journal): boolean {
  return journal.phase === 'committed' || (journal.phase === 'applying' && journal.kind === 'rollback');
}

/** The number of operations after which the new release is possible, and the number after which it is certain. */
function milestones({ ops, after }: Recorded<unknown>): { possible: number; certain: number } {
  const turns = (op: Op): boolean => op.is === 'move' && op.to === 'journal.json' && isPointOfNoReturn(journalAt(after, op.ino));
  const turn = ops.findIndex(turns);
  const move = ops[turn];
  if (move?.is !== 'move') return { possible: Infinity, certain: Infinity };
  const synced = ops.findIndex((op, index) => index > turn && op.is === 'sync' && op.ino === move.dir);
  return { possible: turn + 1, certain: synced === -1 ? Infinity : synced + 1 };
}

/** Says for each survivor of a recorded step which world recovery has to make of it. Throws for one that says two things. */
export function promises(recorded: Recorded<unknown>): (survivor: Survivor) => number {
  const { possible, certain } = milestones(recorded);
  return ({ after, disk }) => {
    const ino = lookUp(disk, JOURNAL);
    const said = ino === null ? null : isPointOfNoReturn(journalAt(disk, ino)) ? NEW : OLD;
    const known = after < possible ? OLD : after >= certain ? NEW : null;
    assert.ok(said !== null || known !== null, 'the journal is gone while it decides');
    assert.ok(said === null || known === null || said === known, 'the journal says otherwise');
    return known ?? said ?? OLD;
  };
}
