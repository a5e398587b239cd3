import { matching } from '../../../helpers/matchers.ts';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Above } from '../../../../lib/transaction/plan/parents.ts';
import { examineParents } from '../../../../lib/transaction/plan/parents.ts';
import { placeIn } from '../../../helpers/change.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';
const NONE: ReadonlySet<string> = new Set();

function assertAbove(path: string): Above {
  const parents = examineParents(placeIn(dir()), NONE);
  const above = parents.above(path);
  const unsafe = parents.unsafe();
  if (unsafe !== null) throw unsafe;
  return above;
}

describe('above', () => {
  it.each<[string, string, string[], string | null]>([
    ['all-there', `${WEB}/x`, [], null],
    ['one-missing', `${WEB}/new/x`, [`${WEB}/new`], null],
    ['many-missing-outermost-first', `${WEB}/a/b/c/x`, [`${WEB}/a`, `${WEB}/a/b`, `${WEB}/a/b/c`], null],
    ['a-file-of-ours-that-leaves', `${WEB}/thing/sub/x`, [`${WEB}/thing`, `${WEB}/thing/sub`], `${WEB}/thing`],
    ['at-the-root', '/x', [], null],
  ])('%s', (_name, path, missing, blockedBy) => {
    writeTree(dir(), { [`${WEB}/thing`]: 'file' });
    expect(examineParents(placeIn(dir()), new Set([`${WEB}/thing`])).above(path)).toEqual({ missing, blockedBy });
  });
});

describe('refusals', () => {
  it.each<[string, (web: string) => void, string, RegExp]>([
    [
      'symlink-to-a-directory',
      (web) => {
        fs.symlinkSync('/tmp', `${web}/d`);
      },
      'DEST_TYPE',
      /symbolic link/,
    ],
    [
      'dangling-symlink',
      (web) => {
        fs.symlinkSync('/none', `${web}/d`);
      },
      'DEST_TYPE',
      /symbolic link/,
    ],
    [
      'a-file-that-stays',
      (web) => {
        fs.writeFileSync(`${web}/d`, '');
      },
      'DEST_TYPE',
      /not a directory/,
    ],
    [
      'writable-by-everyone',
      (web) => {
        fs.mkdirSync(`${web}/d`);
        fs.chmodSync(`${web}/d`, 0o777);
      },
      'DEST_UNSAFE',
      /world-writable/,
    ],
    [
      'sticky-and-writable-by-everyone',
      (web) => {
        fs.mkdirSync(`${web}/d`);
        fs.chmodSync(`${web}/d`, 0o1777);
      },
      'DEST_UNSAFE',
      /world-writable/,
    ],
  ])('%s', (_name, spoil, code, message) => {
    writeTree(dir(), { [WEB]: null });
    spoil(`${dir()}${WEB}`);
    for (const below of ['d/x', 'd/e/x']) {
      expect(() => assertAbove(`${WEB}/${below}`)).toThrow(expect.objectContaining({ code, message: matching(message) }));
    }
  });

  it.runIf(process.getuid?.() === 0).each<[string, number, number, number, boolean]>([
    ['of-another-user', 1000, 0, 0o755, false],
    ['group-of-another-user', 0, 1000, 0o775, false],
    ['group-of-another-user-that-may-not-write', 0, 1000, 0o755, true],
    ['group-staff-as-debian-has-it', 0, 50, 0o2775, true],
    ['group-root', 0, 0, 0o775, true],
  ])('by owner and group: %s', (_name, uid, gid, mode, allowed) => {
    writeTree(dir(), { [WEB]: null });
    fs.chownSync(`${dir()}${WEB}`, uid, gid);
    fs.chmodSync(`${dir()}${WEB}`, mode);
    const act = (): unknown => assertAbove(`${WEB}/x`);
    if (allowed) expect(act()).toEqual({ missing: [], blockedBy: null });
    else expect(act).toThrow(expect.objectContaining({ code: 'DEST_UNSAFE' }));
  });
});
