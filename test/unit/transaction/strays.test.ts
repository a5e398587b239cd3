import { describe, expect, it } from 'vitest';
import { readInstalled } from '../../../lib/transaction/installed.ts';
import type { Place } from '../../../lib/transaction/place.ts';
import { planChange } from '../../../lib/transaction/plan.ts';
import { readBackup } from '../../../lib/transaction/rollback-change.ts';
import { removeStrays, strays, transactionOf } from '../../../lib/transaction/strays.ts';
import { open } from '../../../lib/transaction/transaction.ts';
import type { Journal } from '../../../lib/transaction/types.ts';
import { releaseChange } from '../../helpers/change.ts';
import { V2, device } from '../../helpers/scenario.ts';
import { useTempDir } from '../../helpers/temp.ts';
import { snapshot, writeTree } from '../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';

function opened(): { place: Place; journal: Journal } {
  const place = device(`${dir()}/device`);
  const opening = { kind: 'apply' as const, from: '1.0.0', to: '2.0.0', branch: 'stable', now: new Date(), backup: null };
  return { place, journal: open(place, opening, planChange(place, releaseChange(place, V2)), readInstalled(place)) };
}

describe('strays', () => {
  it('are the names of a transaction, and nothing else', () => {
    const { place, journal } = opened();
    writeTree(place.root, { [`${WEB}/.pikit-notes`]: 'mine', [`${WEB}/.pikit-0123abcd.x`]: 'mine' });
    const found = strays(place, readInstalled(place), readBackup(place).backup);
    expect(found).toHaveLength(journal.ops.filter((op) => op.new !== null).length + journal.ops.filter((op) => op.old?.type === 'file').length);
    expect(new Set(found.map((path) => transactionOf(path)))).toEqual(new Set([journal.tx]));
  });

  it('are removed, directories with all that is in them too, and nothing else', () => {
    const { place } = opened();
    writeTree(place.root, { [`${WEB}/.pikit-notes`]: 'mine' });
    removeStrays(place, null, readBackup(place).backup);
    expect(Object.keys(snapshot(place.root)).filter((path) => path.includes('.pikit-'))).toEqual([`${WEB}/.pikit-notes`]);
  });
});
