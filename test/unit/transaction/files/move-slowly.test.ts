import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pruneBackups, wholeBackups } from '../../../../lib/transaction/change/backups.ts';
import { recover } from '../../../../lib/transaction/recovery/recover.ts';
import { isLinkRefused, moveSlowly, renameDirectory } from '../../../../lib/transaction/files/move-slowly.ts';
import { applyRelease, placeIn, recordingIn, rollBack } from '../../../helpers/change.ts';
import { refusingRenames } from '../../../helpers/crash.ts';
import { canMount, withOverlay } from '../../../helpers/mount.ts';
import { NEW_WEB, OLD_WEB, V1, V2, device, updatedDevice } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import type { Tree } from '../../../helpers/tree.ts';
import { snapshot, writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const TREE: Tree = { '/a/one': { text: '1', mode: 0o640 }, '/a/in/two': '2', '/a/empty': null };

function move(): Record<string, string> {
  moveSlowly(join(dir(), 'a'), join(dir(), 'b'));
  expect(fs.existsSync(join(dir(), 'a'))).toBe(false);
  return snapshot(dir());
}

describe('moveSlowly', () => {
  it('brings everything, with modes and the same inodes', () => {
    writeTree(dir(), TREE);
    const { ino } = fs.statSync(join(dir(), 'a/in/two'));
    const before = snapshot(dir());
    expect(move()).toEqual(Object.fromEntries(Object.entries(before).map(([path, what]) => [path.replace(/^\/a/, '/b'), what])));
    expect(fs.statSync(join(dir(), 'b/in/two')).ino).toBe(ino);
  });

  it('goes on where it was cut short, in either half', () => {
    writeTree(dir(), TREE);
    const whole = snapshot(dir());
    for (const rest of [{ '/b/one': { text: '1', mode: 0o640 } }, { '/b/one': { text: '1', mode: 0o640 }, '/b/in/two': '2', '/b/empty': null }]) {
      fs.rmSync(join(dir(), 'b'), { recursive: true, force: true });
      writeTree(dir(), TREE);
      writeTree(dir(), rest);
      if ('/b/in/two' in rest) fs.rmSync(join(dir(), 'a/one'));
      expect(move()).toEqual(Object.fromEntries(Object.entries(whole).map(([path, what]) => [path.replace(/^\/a/, '/b'), what])));
    }
  });
});

describe('isLinkRefused', () => {
  it.each(['EPERM', 'EMLINK', 'EXDEV', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])('%s', (code) => {
    expect(isLinkRefused(Object.assign(new Error(code), { code }))).toBe(true);
  });
  it.each(['ENOSPC', 'EIO', 'EEXIST'])('not %s', (code) => {
    expect(isLinkRefused(Object.assign(new Error(code), { code }))).toBe(false);
  });
});

describe('a backup that cannot be renamed', () => {
  it('is none any more while it is being emptied, and the next removal finishes it', () => {
    const place = device(join(dir(), 'device'));
    const [folder = ''] = wholeBackups(place);
    fs.mkdirSync(`${place.root}${folder}.partial`);
    expect(wholeBackups(place)).toEqual([]);
    refusingRenames(/./, () => {
      pruneBackups(place, null);
    });
    expect(fs.readdirSync(`${place.root}${place.backups}`)).toEqual([]);
  });

  it('is removed, and the one that is kept stays', () => {
    const place = device(join(dir(), 'device'));
    const [folder = ''] = wholeBackups(place);
    fs.cpSync(`${place.root}${folder}`, `${place.root}${place.backups}/20200101T000000.000Z`, { recursive: true });
    refusingRenames(/./, () => {
      expect(renameDirectory(`${place.root}${folder}`, `${place.root}/elsewhere`)).toBe(false);
      pruneBackups(place, folder);
    });
    expect(wholeBackups(place)).toEqual([folder]);
    expect(fs.readdirSync(`${place.root}${place.backups}`)).toHaveLength(1);
  });
});

describe.skipIf(!canMount())('a device that is in the lower layer of an overlay', () => {
  const web = (root: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(snapshot(join(root, 'var/www/pikit-web'))).map(([path, what]) => [
        path.slice(1),
        what.replace(/^(?:file|dir) (\d+) \d+:\d+ ?/, '$1 '),
      ]),
    );

  function onOverlay(make: (root: string) => unknown, use: (root: string) => void): void {
    const root = join(dir(), 'device');
    make(root);
    fs.renameSync(root, join(dir(), 'lower'));
    withOverlay(join(dir(), 'lower'), root, () => {
      use(root);
    });
  }

  it('is updated, updated again, and goes back', () => {
    onOverlay(device, (root) => {
      const place = placeIn(root);
      expect(() => {
        fs.renameSync(join(root, 'var/www/pikit-web/nest'), join(root, 'var/www/pikit-web/moved'));
      }).toThrow('EXDEV');
      expect(applyRelease(place, V2)).toBeNull();
      expect(web(root)).toEqual(NEW_WEB);
      expect(wholeBackups(place)).toHaveLength(1);
      expect(applyRelease(place, { ...V2, version: '2.0.1' })).toBeNull();
      expect(applyRelease(place, { ...V1, version: '2.1.0' })).toBeNull();
      expect(rollBack(place)).toBeNull();
      expect(fs.readFileSync(join(root, 'etc/pikit/version'), 'utf8')).toBe('2.0.1\n');
    });
  });

  it('is as it was after an update that does not work', () => {
    onOverlay(device, (root) => {
      expect(() => applyRelease(placeIn(root), V2, false)).toThrow('it does not answer');
      expect(web(root)).toEqual(OLD_WEB);
    });
  });

  it('goes back to a backup of the lower layer', () => {
    onOverlay(updatedDevice, (root) => {
      const place = placeIn(root);
      expect(rollBack(place)).toBeNull();
      expect(web(root)).toEqual(OLD_WEB);
      expect(recover(place, recordingIn(place)).is).toBe('nothing');
      pruneBackups(place, null);
      expect(wholeBackups(place)).toEqual([]);
    });
  });
});
