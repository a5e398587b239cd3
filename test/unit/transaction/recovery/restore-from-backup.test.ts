import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readInstalled } from '../../../../lib/transaction/change/installed.ts';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { restoreFromBackup, completeTreeVersion } from '../../../../lib/transaction/recovery/restore-from-backup.ts';
import { readBackup } from '../../../../lib/transaction/plan/rollback-change.ts';
import { swap } from '../../../../lib/transaction/change/swap.ts';
import type { Backup, Installed, Journal } from '../../../../lib/transaction/types.ts';
import { placeIn } from '../../../helpers/change.ts';
import { worldOf } from '../../../helpers/oracle.ts';
import { device, openUpdate } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { linkTree, removeDir, writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';

interface Open {
  place: TransactionPaths;
  journal: Journal;
  folder: string;
  backup: Backup;
  before: Installed | null;
}

function opened(): Open {
  const place = device(`${dir()}/device`);
  const before = readInstalled(place);
  const journal = openUpdate(place);
  return { place, journal, ...readBackup(place), before };
}

describe('bringBack and settle', () => {
  it('make the old tree again from any subset of the operations, by hashes alone', () => {
    const old = worldOf(device(`${dir()}/pristine`));
    const { place, journal, folder, backup, before } = opened();
    for (let n = 0; n < 60; n += 1) {
      const bits = (n * 2_654_435_761) >>> 8;
      const copy = placeIn(`${dir()}/copy-${String(n)}`);
      linkTree(place.root, copy.root);
      swap(copy, { ...journal, ops: journal.ops.filter((_op, index) => ((bits >> index) & 1) === 1) });
      expect(restoreFromBackup(copy, folder, backup, null)).toBeNull();
      completeTreeVersion(copy, before, backup, folder);
      // The copies of what was the owner's go with the transaction, by damaged.ts.
      expect({ ...worldOf(copy), edited: [] }, bits.toString(2)).toEqual({ ...old, edited: [] });
      expect(fs.readdirSync(`${copy.root}/var/backups/pikit`)).toHaveLength(1);
      removeDir(copy.root);
    }
  });

  it('keep nothing for open pages: it is not known any more of which release it is', () => {
    const { place, journal, folder, backup, before } = opened();
    swap(place, journal);
    const kept = `${place.root}/var/backups/pikit-previous`;
    expect(fs.readdirSync(`${kept}/pikit-web/assets`)).toEqual(['app-1.js']);
    restoreFromBackup(place, folder, backup, null);
    completeTreeVersion(place, before, backup, folder);
    expect(fs.existsSync(kept)).toBe(false);
  });

  it('replace no file when other files are where one has to come back', () => {
    const { place, journal, folder, backup } = opened();
    swap(place, journal);
    writeTree(place.root, { [`${WEB}/thing/mine`]: 'm' });
    expect(restoreFromBackup(place, folder, backup, null)).toBe(`'${WEB}/thing' is a directory with files that are not from the updater`);
    expect(fs.readFileSync(`${place.root}${WEB}/thing/mine`, 'utf8')).toBe('m');
    expect(fs.readFileSync(`${place.root}${WEB}/index.html`, 'utf8')).toContain('app-2');
  });
});

describe('settle', () => {
  it.each([['a list'], ['no list']])('puts a directory out of the way of installed.json: %s', (which) => {
    const { place, before } = opened();
    fs.rmSync(place.installed);
    writeTree(place.root, { '/var/lib/pikit/installed.json/inside': 'x' });
    completeTreeVersion(place, which === 'a list' ? before : null, null, null);
    expect(readInstalled(place)).toEqual(which === 'a list' ? before : null);
    expect(fs.readdirSync(`${place.installed}.damaged`)).toEqual(['inside']);
  });
});
