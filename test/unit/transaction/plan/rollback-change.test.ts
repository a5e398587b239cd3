import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { wholeBackups } from '../../../../lib/transaction/change/backups.ts';
import { readInstalled } from '../../../../lib/transaction/change/installed.ts';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { readBackup, rollbackChange } from '../../../../lib/transaction/plan/rollback-change.ts';
import { placeIn } from '../../../helpers/change.ts';
import { device, updatedDevice } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const root = (): string => `${dir()}/device`;
const WEB = '/var/www/pikit-web';

describe('readBackup', () => {
  it('says that there is none', () => {
    expect(() => readBackup(placeIn(dir()))).toThrow(expect.objectContaining({ code: 'NO_BACKUP' }));
  });

  it.each<[string, (place: TransactionPaths, folder: string) => void]>([
    [
      'list-missing',
      (place, folder) => {
        fs.rmSync(`${place.root}${folder}/backup.json`);
      },
    ],
    [
      'list-damaged',
      (place, folder) => {
        fs.appendFileSync(`${place.root}${folder}/backup.json`, ' ');
      },
    ],
    [
      'copy-missing',
      (place, folder) => {
        fs.rmSync(`${place.root}${folder}/files${WEB}/index.html`);
      },
    ],
    [
      'copy-damaged',
      (place, folder) => {
        fs.writeFileSync(`${place.root}${folder}/files${WEB}/index.html`, '<script src=assets/app-I.js>');
      },
    ],
    [
      'copy-that-is-a-symlink',
      (place, folder) => {
        const copy = `${place.root}${folder}/files${WEB}/index.html`;
        fs.renameSync(copy, `${copy}.real`);
        fs.symlinkSync(`${copy}.real`, copy);
      },
    ],
  ])('refuses one that is not whole: %s', (_name, damage) => {
    const place = updatedDevice(root());
    damage(place, wholeBackups(place)[0] ?? '');
    expect(() => readBackup(place)).toThrow(expect.objectContaining({ code: 'BACKUP_INVALID' }));
  });

  it('never takes an older one in place of the newest', () => {
    const place = updatedDevice(root());
    const folder = wholeBackups(place)[0] ?? '';
    fs.cpSync(place.root + folder, `${place.root}${place.backups}/20200101T000000.000Z`, { recursive: true });
    fs.rmSync(`${place.root}${folder}/backup.json`);
    expect(() => readBackup(place)).toThrow(expect.objectContaining({ code: 'BACKUP_INVALID' }));
  });
});

describe('rollbackChange', () => {
  it('brings back what was replaced, in the order of renames, and takes away what was brought', () => {
    const place = updatedDevice(root());
    const found = readBackup(place);
    const installed = readInstalled(place);
    const change = rollbackChange(place, found, installed);
    const puts = new Map(change.puts.map((put) => [put.path.replace(`${WEB}/`, ''), put]));
    expect([...puts.keys()]).toEqual([
      'adopted.txt',
      'edited.txt',
      'nest/c.txt',
      'nest/in/d.txt',
      'thing',
      '/usr/local/bin/pikit-api.py',
      'run.sh',
      'index.html',
      '/etc/pikit/version',
      'assets/app-1.js',
      'old/only/x (1) größe.txt',
    ]);
    expect([...puts.values()].map((put) => put.order)).toEqual([0, 0, 0, 0, 0, 1, 1, 2, 3, 0, 0]);
    expect(puts.get('edited.txt')).toMatchObject({
      mode: 0o600,
      config: false,
      content: { from: 'file', file: `${place.root}${found.folder}/files${WEB}/edited.txt` },
    });
    expect(change.deletes.map((path) => path.replace(`${WEB}/`, ''))).toEqual([
      'assets/app-2.js',
      'deep/er/new.txt',
      'nest',
      'site.conf.pikit-new',
      'thing/a [é] & b.txt',
      'thing/sub/b.txt',
    ]);
    expect(change).toMatchObject({ version: '1.0.0', branch: 'stable', installed, restore: found.backup.before });
  });

  it('goes back from the first update to a list of nothing', () => {
    const place = device(root());
    const change = rollbackChange(place, readBackup(place), readInstalled(place));
    expect(change.restore).toEqual({ schema: 1, version: null, branch: 'stable', files: [], dirs: [] });
  });
});
