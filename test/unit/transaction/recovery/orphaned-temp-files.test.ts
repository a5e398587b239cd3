import { describe, expect, it } from 'vitest';
import { readInstalled } from '../../../../lib/transaction/change/installed.ts';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { readBackup } from '../../../../lib/transaction/plan/rollback-change.ts';
import { removeOrphanedTempFiles, orphanedTempFiles, transactionOf } from '../../../../lib/transaction/recovery/orphaned-temp-files.ts';
import type { Journal } from '../../../../lib/transaction/types.ts';
import { device, openUpdate } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { snapshot, writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';

function opened(): { place: TransactionPaths; journal: Journal } {
  const place = device(`${dir()}/device`);
  return { place, journal: openUpdate(place) };
}

describe('strays', () => {
  it('are the names of a transaction, and nothing else', () => {
    const { place, journal } = opened();
    writeTree(place.root, { [`${WEB}/.pikit-notes`]: 'mine', [`${WEB}/.pikit-0123abcd.x`]: 'mine' });
    const found = orphanedTempFiles(place, readInstalled(place), readBackup(place).backup);
    expect(found).toHaveLength(journal.ops.filter((op) => op.new !== null).length + journal.ops.filter((op) => op.old?.type === 'file').length);
    expect(new Set(found.map((path) => transactionOf(path)))).toEqual(new Set([journal.tx]));
  });

  it('are removed, directories with all that is in them too, and nothing else', () => {
    const { place } = opened();
    writeTree(place.root, { [`${WEB}/.pikit-notes`]: 'mine' });
    removeOrphanedTempFiles(place, null, readBackup(place).backup);
    expect(Object.keys(snapshot(place.root)).filter((path) => path.includes('.pikit-'))).toEqual([`${WEB}/.pikit-notes`]);
  });
});
