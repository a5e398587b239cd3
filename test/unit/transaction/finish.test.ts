import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readInstalled } from '../../../lib/transaction/installed.ts';
import { finishCommitted, finishUndone, removeEmpty } from '../../../lib/transaction/finish.ts';
import type { Place } from '../../../lib/transaction/place.ts';
import { planChange } from '../../../lib/transaction/plan.ts';
import { enter, open } from '../../../lib/transaction/transaction.ts';
import type { Journal } from '../../../lib/transaction/types.ts';
import { placeIn, releaseChange } from '../../helpers/change.ts';
import { worldOf } from '../../helpers/oracle.ts';
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

const isThere = (place: Place, path: string): boolean => fs.existsSync(place.root + path);

describe('finishCommitted', () => {
  it('records while the journal is still there', () => {
    const { place, journal } = opened();
    const committed = { ...enter(place, journal), phase: 'committed' as const };
    let seen = { journal: false, temps: true };
    finishCommitted(place, committed, () => {
      seen = {
        journal: isThere(place, '/var/lib/pikit/journal.json'),
        temps: Object.keys(snapshot(place.root)).some((path) => path.includes('/.pikit-')),
      };
    });
    expect(seen).toEqual({ journal: true, temps: false });
    expect(isThere(place, '/var/lib/pikit/journal.json')).toBe(false);
  });

  it('keeps a directory of ours that somebody else uses, and removes it otherwise', () => {
    const { place, journal } = opened();
    const committed = enter(place, journal);
    writeTree(place.root, { [`${WEB}/old/mine.txt`]: 'm' });
    finishCommitted(place, committed, () => undefined);
    expect(isThere(place, `${WEB}/old/only`)).toBe(false);
    expect(fs.readdirSync(`${place.root}${WEB}/old`)).toEqual(['mine.txt']);
  });

  it('removes what another transaction left that was given up, also where a directory can go then', () => {
    const { place, journal } = opened();
    const committed = enter(place, journal);
    writeTree(place.root, { [`${WEB}/assets/.pikit-0123abcd.o7`]: 'o', [`${WEB}/old/only/.pikit-0123abcd.7/x`]: 'x' });
    finishCommitted(place, committed, () => undefined);
    expect(Object.keys(snapshot(place.root)).filter((path) => path.includes('.pikit-0'))).toEqual([]);
    expect(isThere(place, `${WEB}/old`)).toBe(false);
  });

  it('takes the list from the backup when the one beside the journal is damaged', () => {
    const { place, journal } = opened();
    const committed = enter(place, journal);
    const text = fs.readFileSync(place.installedNext, 'utf8');
    fs.writeFileSync(place.installedNext, text.replace('2.0.0', '3.0.0'));
    finishCommitted(place, committed, () => undefined);
    expect(fs.readFileSync(place.installed, 'utf8')).toBe(text);
    expect(fs.readdirSync(`${place.root}/var/lib/pikit`)).toEqual(['edited', 'installed.json']);
  });
});

describe('a directory in the place of a list', () => {
  it.each(['installed.json', 'installed.next.json'])('keeps no transaction open: %s', (name) => {
    const { place, journal } = opened();
    const committed = enter(place, journal);
    const list = fs.readFileSync(place.installedNext, 'utf8');
    fs.rmSync(`${place.root}/var/lib/pikit/${name}`);
    writeTree(place.root, { [`/var/lib/pikit/${name}/inside`]: 'x' });
    finishCommitted(place, committed, () => undefined);
    expect(fs.readFileSync(place.installed, 'utf8')).toBe(list);
    expect(fs.readdirSync(`${place.root}/var/lib/pikit`).toSorted()).toEqual(['edited', 'installed.json', `${name}.damaged`].toSorted());
  });
});

describe('finishUndone', () => {
  it('removes all that was prepared, and keeps the earlier backup', () => {
    const { place, journal } = opened();
    let recorded = 0;
    finishUndone(place, journal, () => (recorded += 1));
    expect(recorded).toBe(1);
    expect(Object.keys(worldOf(place).tree).filter((path) => path.includes('/.pikit-') || path.includes('/deep'))).toEqual([]);
    expect(fs.readdirSync(`${place.root}/var/backups/pikit`)).toHaveLength(1);
    expect(isThere(place, journal.backup)).toBe(false);
  });

  it('keeps a directory that was made for it when somebody else put something there', () => {
    const { place, journal } = opened();
    writeTree(place.root, { [`${WEB}/deep/mine.txt`]: 'm' });
    finishUndone(place, journal, () => undefined);
    expect(fs.readdirSync(`${place.root}${WEB}/deep`)).toEqual(['mine.txt']);
  });
});

it('removes only empty directories', () => {
  writeTree(dir(), { '/a/b': null, '/c/x': 'x' });
  removeEmpty(placeIn(dir()), ['/a/b', '/a', '/c', '/none/below']);
  expect(Object.keys(snapshot(dir()))).toEqual(['/c', '/c/x']);
});
