import { containing } from '../../helpers/matchers.ts';
import fs from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readInstalled } from '../../../lib/transaction/installed.ts';
import type { Place } from '../../../lib/transaction/place.ts';
import { oldPath, real } from '../../../lib/transaction/place.ts';
import { planChange } from '../../../lib/transaction/plan.ts';
import { swap } from '../../../lib/transaction/swap.ts';
import { enter, open } from '../../../lib/transaction/transaction.ts';
import type { Journal, Operation } from '../../../lib/transaction/types.ts';
import { restoreOld } from '../../../lib/transaction/undo.ts';
import { placeIn, releaseChange } from '../../helpers/change.ts';
import { worldOf } from '../../helpers/oracle.ts';
import { V2, device } from '../../helpers/scenario.ts';
import { useTempDir } from '../../helpers/temp.ts';
import { linkTree, removeDir, snapshot, writeTree } from '../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';
const PAGE = `${WEB}/index.html`;

function prepared(): { place: Place; journal: Journal } {
  const place = device(`${dir()}/device`);
  const installed = readInstalled(place);
  const opening = { kind: 'apply' as const, from: '1.0.0', to: '2.0.0', branch: 'stable', now: new Date(), backup: null };
  return { place, journal: open(place, opening, planChange(place, releaseChange(place, V2)), installed) };
}

function opOn(journal: Journal, path: string): Operation {
  const op = journal.ops.find((candidate) => candidate.path === path);
  if (op === undefined) throw new Error(`no operation on '${path}'`);
  return op;
}

/** The tree without the transaction's own names. */
function liveTree(place: Place): Record<string, string> {
  return Object.fromEntries(Object.entries(worldOf(place).tree).filter(([path]) => !path.includes('/.pikit-') && !path.includes('/deep')));
}

describe('restoreOld', () => {
  it('goes back from the end of the swap, and once more changes nothing', () => {
    const { place, journal } = prepared();
    const old = liveTree(place);
    enter(place, journal);
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
    enter(place, journal);
    const keep = real(place, oldPath(journal, opOn(journal, PAGE)));
    fs.unlinkSync(keep);
    fs.writeFileSync(keep, 'rot');
    restoreOld(place, journal);
    expect(liveTree(place)).toEqual(old);
  });

  it('says so when the backup is damaged too', () => {
    const { place, journal } = prepared();
    enter(place, journal);
    fs.writeFileSync(real(place, oldPath(journal, opOn(journal, PAGE))), 'rot'); // one inode with the backup
    expect(() => {
      restoreOld(place, journal);
    }).toThrow(expect.objectContaining({ code: 'UNDO_FAILED', message: containing(PAGE) }));
  });

  it('leaves a file that somebody put where ours had not come yet', () => {
    const { place, journal } = prepared();
    fs.writeFileSync(real(place, `${WEB}/assets/app-2.js`), 'not ours');
    expect(() => enter(place, journal)).toThrow(expect.objectContaining({ code: 'DEST_TYPE' }));
    restoreOld(place, journal);
    expect(fs.readFileSync(real(place, `${WEB}/assets/app-2.js`), 'utf8')).toBe('not ours');
  });

  it('leaves what the owner saved before the swap came to it', () => {
    const { place, journal } = prepared();
    fs.rmSync(real(place, PAGE));
    fs.writeFileSync(real(place, PAGE), 'saved just now');
    restoreOld(place, journal);
    expect(fs.readFileSync(real(place, PAGE), 'utf8')).toBe('saved just now');
  });

  it('leaves what the owner saved in place in a file that was about to go', () => {
    const { place, journal } = prepared();
    fs.writeFileSync(real(place, `${WEB}/assets/app-1.js`), 'saved just now');
    restoreOld(place, journal);
    expect(fs.readFileSync(real(place, `${WEB}/assets/app-1.js`), 'utf8')).toBe('saved just now');
  });

  it('leaves a directory that somebody put in the place of a file that we brought', () => {
    const { place, journal } = prepared();
    const old = liveTree(place);
    enter(place, journal);
    const brought = `${WEB}/assets/app-2.js`;
    fs.rmSync(real(place, brought));
    writeTree(place.root, { [`${brought}/mine`]: 'mine' });
    restoreOld(place, journal);
    expect(fs.readFileSync(real(place, `${brought}/mine`), 'utf8')).toBe('mine');
    fs.rmSync(real(place, brought), { recursive: true });
    expect(liveTree(place)).toEqual(old);
  });

  it('does not throw away a directory that is not ours', () => {
    const { place, journal } = prepared();
    enter(place, journal);
    fs.rmSync(real(place, PAGE));
    fs.mkdirSync(real(place, PAGE));
    fs.writeFileSync(real(place, `${PAGE}/mine`), 'mine');
    expect(() => {
      restoreOld(place, journal);
    }).toThrow(expect.objectContaining({ code: 'UNDO_FAILED' }));
    expect(fs.readFileSync(real(place, `${PAGE}/mine`), 'utf8')).toBe('mine');
    expect(fs.existsSync(real(place, dirname(PAGE)))).toBe(true);
  });
});
