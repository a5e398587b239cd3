import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { wholeBackups } from '../../../../lib/transaction/change/backups.ts';
import { readInstalled } from '../../../../lib/transaction/change/installed.ts';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { placeIn, rollBack } from '../../../helpers/change.ts';
import { device, updatedDevice } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const root = (): string => `${dir()}/device`;

function damage(place: TransactionPaths): void {
  fs.writeFileSync(place.installed, fs.readFileSync(place.installed, 'utf8').replace('"schema":1', '"schema":3'));
}

describe('readInstalled', () => {
  it('is null on a device that never had an update', () => {
    expect(readInstalled(placeIn(dir()))).toBeNull();
  });

  it('knows a damaged list from the backup of the same update', () => {
    const place = updatedDevice(root());
    const before = readInstalled(place);
    damage(place);
    expect(readInstalled(place)).toEqual(before);
  });

  it('knows it after a rollback too', () => {
    const place = updatedDevice(root());
    rollBack(place);
    const before = readInstalled(place);
    damage(place);
    expect(readInstalled(place)).toEqual(before);
    expect(before?.version).toBe('1.0.0');
  });

  it.each<[string, (place: TransactionPaths) => void]>([
    [
      'no-backup',
      (place) => {
        fs.rmSync(place.root + place.backups, { recursive: true });
      },
    ],
    [
      'damaged-backup',
      (place) => {
        fs.writeFileSync(`${place.root}${wholeBackups(place)[0] ?? ''}/backup.json`, '{}');
      },
    ],
    [
      'another-version-live',
      (place) => {
        fs.writeFileSync(`${place.root}/etc/pikit/version`, '9.9.9\n');
      },
    ],
    [
      'no-version',
      (place) => {
        fs.rmSync(`${place.root}/etc/pikit/version`);
      },
    ],
  ])('says that it cannot be known: %s', (_name, spoil) => {
    const place = device(root());
    damage(place);
    spoil(place);
    expect(() => readInstalled(place)).toThrow(expect.objectContaining({ code: 'STATE_INVALID' }));
  });
});
