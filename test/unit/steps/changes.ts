/** Change sets without a release: for tests that only need some transaction to be open, or one that cannot be resolved. */
import fs from 'node:fs';
import type { ChangeSet } from '../../../lib/transaction/plan.ts';
import { writeJournal } from '../../../lib/transaction/journal.ts';
import type { Place } from '../../../lib/transaction/place.ts';
import { backupCopy, newPath, oldPath, real } from '../../../lib/transaction/place.ts';
import type { Installed, Journal } from '../../../lib/transaction/types.ts';

/** Everything that is installed goes away. */
export function removal(installed: Installed | null): ChangeSet {
  return { puts: [], deletes: (installed?.files ?? []).map((file) => file.path), installed, version: '1.1.0', branch: 'stable', restore: null };
}

/** Three attempts have failed, and so will the next: no old byte is as it was. */
export function wearOut(place: Place, journal: Journal): void {
  writeJournal(place, { ...journal, phase: 'applying', undos: 3 });
  for (const op of journal.ops) {
    const waiting = journal.kind === 'apply' ? oldPath(journal, op) : newPath(journal, op);
    fs.rmSync(real(place, op.path), { force: true });
    for (const path of [waiting, backupCopy(journal.backup, op.path)])
      if (fs.existsSync(real(place, path))) fs.writeFileSync(real(place, path), 'lost');
  }
}
