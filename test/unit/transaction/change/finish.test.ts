import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { finishCommitted, finishUndone, removeEmpty } from '../../../../lib/transaction/change/finish.ts';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { startApplying } from '../../../../lib/transaction/transaction.ts';
import type { Journal } from '../../../../lib/transaction/types.ts';
import { placeIn } from '../../../helpers/change.ts';
import { worldOf } from '../../../helpers/oracle.ts';
import { device, openUpdate } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { snapshot, writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';

function opened(): { place: TransactionPaths; journal: Journal } {
  const place = device(`${dir()}/device`);
  return { place, journal: openUpdate(place) };
}

const isThere = (place: TransactionPaths, path: string): boolean => fs.existsSync(place.root + path);

describe('finishCommitted', () => {
  it('records while the journal is still there', () => {
    const { place, journal } = opened();
    const committed = { ...startApplying(place, journal), phase: 'committed' as const };
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

  it('keeps a directory of ours that other programs use, and removes it otherwise', () => {
    const { place, journal } = opened();
    const committed = startApplying(place, journal);
    writeTree(place.root, { [`${WEB}/old/mine.txt`]: 'm' });
    finishCommitted(place, committed, () => undefined);
    expect(isThere(place, `${WEB}/old/only`)).toBe(false);
    expect(fs.readdirSync(`${place.root}${WEB}/old`)).toEqual(['mine.txt']);
  });

  it('removes what another transaction left that was given up, also where a directory can go then', () => {
    const { place, journal } = opened();
    const committed = startApplying(place, journal);
    writeTree(place.root, { [`${WEB}/assets/.pikit-0123abcd.o7`]: 'o', [`${WEB}/old/only/.pikit-0123abcd.7/x`]: 'x' });
    finishCommitted(place, committed, () => undefined);
    expect(Object.keys(snapshot(place.root)).filter((path) => path.includes('.pikit-0'))).toEqual([]);
    expect(isThere(place, `${WEB}/old`)).toBe(false);
  });

  it('takes the list from the backup when the one beside the journal is damaged', () => {
    const { place, journal } = opened();
    const committed = startApplying(place, journal);
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
    const committed = startApplying(place, journal);
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

  it('keeps a directory that was made for it when something else was put there', () => {
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
