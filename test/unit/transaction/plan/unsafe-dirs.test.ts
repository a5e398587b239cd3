import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { examineParents } from '../../../../lib/transaction/plan/parents.ts';
import { othersWhoMayChange, unsafeDirs } from '../../../../lib/transaction/plan/unsafe-dirs.ts';
import { placeIn } from '../../../helpers/change.ts';
import { containing } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';
const OWNER = { uid: 0, gid: 0 };
const WWW_DATA = 33;

it.each([
  ['root', 0, 0, 0o755, null],
  ['another-user', 33, 0, 0o755, 'belongs to uid 33'],
  ['another-group', 0, 33, 0o775, 'is writable by gid 33'],
  ['another-group-that-reads', 0, 33, 0o750, null],
  ['everyone', 0, 0, 0o777, 'is world-writable'],
  ['staff', 0, 50, 0o2775, null],
])('says who: %s', (_name, uid, gid, mode, who) => {
  expect(othersWhoMayChange({ uid, gid, mode }, OWNER)).toBe(who);
});

it('finds nothing where there is nothing', () => {
  expect(unsafeDirs(placeIn(dir()), [], () => true)).toBeNull();
});

it('asks a person for another place first', () => {
  const found = [{ dir: '/srv/pi', who: 'belongs to uid 1000', uid: 1000 }];
  expect(unsafeDirs(placeIn(dir()), found, () => true)).toMatchObject({
    hint: containing("if '/srv/pi' is a folder of a person, point the [[target]]"),
  });
});

/** A web root of which all belongs to www-data, uploads of the web server among it. */
function chowned(count: number): string[] {
  const files = Array.from({ length: count }, (_none, index) => `${WEB}/d ${String(index)}/x.js`);
  writeTree(dir(), { ...Object.fromEntries(files.map((file) => [file, 'x'])), [`${WEB}/uploads/2026`]: null });
  execFileSync('chown', ['-R', `${String(WWW_DATA)}:${String(WWW_DATA)}`, `${dir()}${WEB}`]);
  return files;
}

it.runIf(process.getuid?.() === 0).each([3, 40])('names all of %i directories, with one command that mends them and leaves others alone', (count) => {
  const files = chowned(count);
  const look = (): ReturnType<typeof unsafeDirs> => {
    const parents = examineParents(placeIn(dir()), new Set());
    for (const file of files) parents.above(file);
    return parents.unsafe();
  };
  const error = look();
  expect(error).toMatchObject({ code: 'DEST_UNSAFE', subject: WEB, message: containing(`'${WEB}' belongs to uid 33`) });
  if (count > 8) expect(error?.message).toContain(`and ${String(count + 1 - 8)} more directories`);
  const command = (error?.hint ?? '').replace('as root: ', '').replaceAll(WEB, `${dir()}${WEB}`);
  expect(command.length).toBeLessThan(2000);
  execFileSync('sh', ['-c', command]);
  expect(look()).toBeNull();
  expect(fs.statSync(`${dir()}${WEB}`)).toMatchObject({ uid: 0, gid: WWW_DATA });
  expect(fs.statSync(`${dir()}${WEB}/uploads`)).toMatchObject({ uid: WWW_DATA });
  expect(fs.statSync(`${dir()}${WEB}/uploads/2026`)).toMatchObject({ uid: WWW_DATA });
});
