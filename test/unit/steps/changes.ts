/** Change sets without a release: for tests that only need some transaction to be open, or one that cannot be resolved. */
import fs from 'node:fs';
import { readInstalled } from '../../../lib/transaction/change/installed.ts';
import type { ChangeSet, Installed, Journal, Phase } from '../../../lib/transaction/types.ts';
import { writeJournal } from '../../../lib/transaction/journal.ts';
import { planChange } from '../../../lib/transaction/plan/plan.ts';
import { open, startApplying } from '../../../lib/transaction/transaction.ts';
import type { TransactionPaths } from '../../../lib/transaction/transaction-paths.ts';
import { backupCopy, stagedPath, keptOldPath, onDisk } from '../../../lib/transaction/transaction-paths.ts';
import { NOW } from '../../helpers/device.ts';

/** Everything that is installed goes away. */
export function removal(installed: Installed | null): ChangeSet {
  return { puts: [], deletes: (installed?.files ?? []).map((file) => file.path), installed, version: '1.1.0', branch: 'stable', restore: null };
}

/** An apply from 1.0.0 to 1.1.0 that was cut short in this phase. */
export function openApply({ place }: { place: TransactionPaths }, phase: Phase = 'applying'): Journal {
  const installed = readInstalled(place);
  const what = { kind: 'apply', from: '1.0.0', to: '1.1.0', branch: 'stable', now: NOW, backup: null } as const;
  const journal = open(place, what, planChange(place, removal(installed)), installed);
  if (phase === 'preparing') return journal;
  const applying = startApplying(place, journal);
  if (phase !== 'applying') writeJournal(place, { ...applying, phase });
  return { ...applying, phase };
}

/** Three attempts have failed, and so will the next: no old byte is as it was. */
export function wearOut(place: TransactionPaths, journal: Journal): void {
  writeJournal(place, { ...journal, phase: 'applying', undos: 3 });
  for (const op of journal.ops) {
    const waiting = journal.kind === 'apply' ? keptOldPath(journal, op) : stagedPath(journal, op);
    fs.rmSync(onDisk(place, op.path), { force: true });
    for (const path of [waiting, backupCopy(journal.backup, op.path)])
      if (fs.existsSync(onDisk(place, path))) fs.writeFileSync(onDisk(place, path), 'lost');
  }
}
