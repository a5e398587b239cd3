import { containing } from '../../../helpers/matchers.ts';
import fs from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { keptOldPath, onDisk } from '../../../../lib/transaction/transaction-paths.ts';
import { swap } from '../../../../lib/transaction/change/swap.ts';
import { startApplying } from '../../../../lib/transaction/transaction.ts';
import type { Journal, Operation } from '../../../../lib/transaction/types.ts';
import { restoreOld } from '../../../../lib/transaction/change/undo.ts';
import { placeIn } from '../../../helpers/change.ts';
import { worldOf } from '../../../helpers/oracle.ts';
import { device, openUpdate } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { linkTree, removeDir, snapshot, writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';
const PAGE = `${WEB}/index.html`;

function prepared(): { place: TransactionPaths; journal: Journal } {
  const place = device(`${dir()}/device`);
  return { place, journal: openUpdate(place) };
}

function opOn(journal: Journal, path: string): Operation {
  const op = journal.ops.find((candidate) => candidate.path === path);
  if (op === undefined) throw new Error(`no operation on '${path}'`);
  return op;
}

/** The tree without the transaction's own names. */
function liveTree(place: TransactionPaths): Record<string, string> {
  return Object.fromEntries(Object.entries(worldOf(place).tree).filter(([path]) => !path.includes('/.pikit-') && !path.includes('/deep')));
}

describe('restoreOld', () => {
  it('goes back from the end of the swap, and once more changes nothing', () => {
    const { place, journal } = prepared();
    const old = liveTree(place);
    startApplying(place, journal);
    restoreOld(place, journal);
    expect(liveTree(place)).toEqual(old);
    const once = snapshot(place.root);
    restoreOld(place, journal);
    expect(snapshot(place.root)).toEqual(once);
  });

  it('goes back from any subset of the operations, in whatever order the disk kept them', () => {
    const { place, journal } = prepared();
    const old = liveTree(place);
    for (let n = 0; n < 200; n += 1) {
      const bits = (n * 2_654_435_761) >>> 8;
      const copy = placeIn(`${dir()}/copy-${String(n)}`);
      linkTree(place.root, copy.root);
      swap(copy, { ...journal, ops: journal.ops.filter((_op, index) => ((bits >> index) & 1) === 1) });
      restoreOld(copy, journal);
      expect(liveTree(copy), bits.toString(2)).toEqual(old);
      removeDir(copy.root);
    }
  });

  it('copies from the backup when the link to the old inode is damaged', () => {
    const { place, journal } = prepared();
    const old = liveTree(place);
    startApplying(place, journal);
    const keep = onDisk(place, keptOldPath(journal, opOn(journal, PAGE)));
    fs.unlinkSync(keep);
    fs.writeFileSync(keep, 'rot');
    restoreOld(place, journal);
    expect(liveTree(place)).toEqual(old);
  });

  it('says so when the backup is damaged too', () => {
    const { place, journal } = prepared();
    startApplying(place, journal);
    fs.writeFileSync(onDisk(place, keptOldPath(journal, opOn(journal, PAGE))), 'rot'); // one inode with the backup
    expect(() => {
      restoreOld(place, journal);
    }).toThrow(expect.objectContaining({ code: 'UNDO_FAILED', message: containing(PAGE) }));
  });

  it('leaves a file that was put where ours had not come yet', () => {
    const { place, journal } = prepared();
    fs.writeFileSync(onDisk(place, `${WEB}/assets/app-2.js`), 'not ours');
    expect(() => startApplying(place, journal)).toThrow(expect.objectContaining({ code: 'DEST_TYPE' }));
    restoreOld(place, journal);
    expect(fs.readFileSync(onDisk(place, `${WEB}/assets/app-2.js`), 'utf8')).toBe('not ours');
  });

  it('leaves what the owner saved before the swap came to it', () => {
    const { place, journal } = prepared();
    fs.rmSync(onDisk(place, PAGE));
    fs.writeFileSync(onDisk(place, PAGE), 'saved just now');
    restoreOld(place, journal);
    expect(fs.readFileSync(onDisk(place, PAGE), 'utf8')).toBe('saved just now');
  });

  it('leaves what the owner saved in place in a file that was about to go', () => {
    const { place, journal } = prepared();
    fs.writeFileSync(onDisk(place, `${WEB}/assets/app-1.js`), 'saved just now');
    restoreOld(place, journal);
    expect(fs.readFileSync(onDisk(place, `${WEB}/assets/app-1.js`), 'utf8')).toBe('saved just now');
  });

  it('leaves a directory that was put in the place of a file that we brought', () => {
    const { place, journal } = prepared();
    const old = liveTree(place);
    startApplying(place, journal);
    const brought = `${WEB}/assets/app-2.js`;
    fs.rmSync(onDisk(place, brought));
    writeTree(place.root, { [`${brought}/mine`]: 'mine' });
    restoreOld(place, journal);
    expect(fs.readFileSync(onDisk(place, `${brought}/mine`), 'utf8')).toBe('mine');
    fs.rmSync(onDisk(place, brought), { recursive: true });
    expect(liveTree(place)).toEqual(old);
  });

  it('does not throw away a directory that is not ours', () => {
    const { place, journal } = prepared();
    startApplying(place, journal);
    fs.rmSync(onDisk(place, PAGE));
    fs.mkdirSync(onDisk(place, PAGE));
    fs.writeFileSync(onDisk(place, `${PAGE}/mine`), 'mine');
    expect(() => {
      restoreOld(place, journal);
    }).toThrow(expect.objectContaining({ code: 'UNDO_FAILED' }));
    expect(fs.readFileSync(onDisk(place, `${PAGE}/mine`), 'utf8')).toBe('mine');
    expect(fs.existsSync(onDisk(place, dirname(PAGE)))).toBe(true);
  });
});
