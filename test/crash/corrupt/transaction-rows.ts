/** The files of a transaction. They are sealed: no damage passes, and all that they say is known from elsewhere, too. */
import { wholeBackups } from '../../../lib/transaction/change/backups.ts';
import { transactionPaths } from '../../../lib/transaction/transaction-paths.ts';
import type { Device } from '../../helpers/device.ts';
import { sealedDamages } from './kinds.ts';
import type { Meeting, Row } from './table.ts';
import { APPLY, PLAN, RECOVERIES, ROLLBACK, STATUS, at, seldom, silently } from './table.ts';

/** Two sides of a commit, and of a way back: without the journal, what is on the disk decides. */
const WITHOUT_JOURNAL: readonly Meeting[] = [
  { program: 'recover', phase: 'preparing', well: 'rolled-back 1.1.0' },
  { program: 'recover', phase: 'applying', well: 'rolled-back 1.1.0' },
  { program: 'recover', phase: 'applied', well: 'rolled-back 1.1.0' },
  { program: 'recover', phase: 'committed', well: 'ok 2.0.0', ill: ['rolled-back 1.1.0', 'rolled-back 2.0.0'] },
  { program: 'recover', phase: 'rolling-back', well: 'ok 1.0.0', ill: ['rolled-back 1.1.0', 'rolled-back 1.0.0'] },
  seldom({ program: 'apply', phase: 'applying', well: 'ok 2.0.0' }),
  seldom({ program: 'rollback', phase: 'applying', well: 'rolled-back 1.1.0' }),
];

/** What is not needed is removed with the backup that it is in. */
const derived = (meeting: Meeting): Meeting => ({ ...meeting, bytes: 'derived', silent: true });

function newestBackup(on: Device): string {
  return `${on.root}${wholeBackups(transactionPaths(on.paths)).at(-1) ?? ''}/backup.json`;
}

export const TRANSACTION: readonly Row[] = [
  {
    name: 'journal.json',
    path: at('/var/lib/pikit/journal.json'),
    damages: sealedDamages,
    isSealed: true,
    called: /journal/,
    bytes: 'kept',
    isOpen: true,
    meetings: WITHOUT_JOURNAL,
  },
  {
    name: 'installed.json',
    path: at('/var/lib/pikit/installed.json'),
    damages: sealedDamages,
    isSealed: true,
    called: /installed\.json/,
    bytes: 'derived',
    meetings: [STATUS, PLAN, ...[APPLY, ROLLBACK, ...RECOVERIES].map(seldom)].map(silently),
  },
  {
    name: 'installed.next.json',
    path: at('/var/lib/pikit/installed.next.json'),
    damages: sealedDamages,
    isSealed: true,
    called: /installed\.next/,
    bytes: 'derived',
    isOpen: true,
    meetings: RECOVERIES.slice(1).map(silently),
  },
  {
    name: 'backup.json',
    path: newestBackup,
    damages: sealedDamages,
    isSealed: true,
    called: /backup/,
    bytes: 'kept',
    meetings: [STATUS, { ...ROLLBACK, ill: ['BACKUP_INVALID 1.1.0'] }, ...[APPLY, ...RECOVERIES].map(derived).map(seldom)],
  },
];
