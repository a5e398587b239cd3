import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dropBackup, isIntact, pruneBackups, nextBackup, readBackupIn, wholeBackups } from '../../../../lib/transaction/change/backups.ts';
import { placeIn } from '../../../helpers/change.ts';
import { device } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const DIR = '/var/backups/pikit';
const EARLY = '20250101T000000.000Z';
const LATE = '20300101T000000.000Z';

function withBackups(names: readonly string[]): ReturnType<typeof placeIn> {
  writeTree(dir(), Object.fromEntries(names.map((name) => [`${DIR}/${name}/files/x`, 'x'])));
  return placeIn(dir());
}

const there = (): string[] => fs.readdirSync(`${dir()}${DIR}`).sort();

describe('wholeBackups', () => {
  it('lists ours, oldest first, without unfinished and foreign ones', () => {
    const place = withBackups([LATE, EARLY, '20310101T000000.000Z.partial', 'mine', '20250101']);
    expect(wholeBackups(place)).toEqual([`${DIR}/${EARLY}`, `${DIR}/${LATE}`]);
  });

  it('leaves out one that is on its way out', () => {
    expect(wholeBackups(withBackups([LATE, EARLY, `${LATE}.partial`]))).toEqual([`${DIR}/${EARLY}`]);
  });

  it('is empty where there is no folder', () => {
    expect(wholeBackups(placeIn(dir()))).toEqual([]);
  });
});

describe('nextBackup', () => {
  it.each<[string, string[], string, string]>([
    ['none-there', [], '2026-01-02T03:04:05.678Z', '20260102T030405.678Z'],
    ['an-older-one', [EARLY], '2026-01-02T03:04:05.678Z', '20260102T030405.678Z'],
    ['the-same-time', ['20260102T030405.678Z'], '2026-01-02T03:04:05.678Z', '20260102T030405.679Z'],
    ['an-unfinished-one-at-the-same-time', ['20260102T030405.678Z.partial'], '2026-01-02T03:04:05.678Z', '20260102T030405.679Z'],
    ['the-clock-went-back', [LATE], '1970-01-01T00:00:10.000Z', '20300101T000000.001Z'],
    ['no-date-at-all', ['99999999T999999.999Z'], '2026-01-02T03:04:05.678Z', '20260102T030405.678Z'],
  ])('%s', (_name, names, now, expected) => {
    expect(nextBackup(withBackups(names), new Date(now))).toBe(`${DIR}/${expected}`);
  });
});

describe('removal', () => {
  it('keeps one, and what is not ours', () => {
    pruneBackups(withBackups([EARLY, LATE, `${EARLY}.partial`, 'mine']), `${DIR}/${LATE}`);
    expect(there()).toEqual([LATE, 'mine']);
  });

  it('removes all of ours when none is to stay', () => {
    pruneBackups(withBackups([EARLY, LATE, 'mine']), null);
    expect(there()).toEqual(['mine']);
  });

  it('drops one and everything unfinished', () => {
    dropBackup(withBackups([EARLY, LATE, `${LATE}.partial`]), `${DIR}/${LATE}`);
    expect(there()).toEqual([EARLY]);
  });
});

describe('isIntact', () => {
  it.each<[string, (copy: string) => void, boolean]>([
    ['untouched', () => undefined, true],
    [
      'one-byte-changed',
      (copy) => {
        fs.writeFileSync(copy, '# of the imagE\n');
      },
      false,
    ],
    [
      'missing',
      (copy) => {
        fs.rmSync(copy);
      },
      false,
    ],
  ])('%s', (_name, damage, answer) => {
    const place = device(`${dir()}/device`);
    const folder = wholeBackups(place)[0] ?? '';
    const read = readBackupIn(place, folder);
    damage(`${place.root}${folder}/files/usr/local/bin/pikit-api.py`);
    expect(read.is === 'there' && isIntact(place, folder, read.value)).toBe(answer);
  });
});
