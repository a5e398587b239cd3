import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assertOwnRoot } from '../../../../lib/io/state/own-root.ts';
import { run, temporary } from '../../../helpers/device.ts';
import { containing, matching } from '../../../helpers/matchers.ts';

const ROOT = { uid: 0, sudoUid: null };
const THEIRS = 1234;

type Change = (inner: string, outer: string) => void;
const own =
  (uid: number, mode: number): Change =>
  (inner) => {
    fs.chownSync(inner, uid, 5);
    fs.chmodSync(inner, mode);
  };
const above =
  (uid: number, mode: number): Change =>
  (_inner, outer) => {
    fs.chownSync(outer, uid, 5);
    fs.chmodSync(outer, mode);
  };

describe.skipIf(process.getuid?.() !== 0)('for root (needs root)', () => {
  function folder(change: Change): string {
    const outer = temporary();
    const inner = join(outer, 'device');
    fs.mkdirSync(inner);
    change(inner, outer);
    return inner;
  }

  it.each<[string, Change, string]>([
    ['it belongs to another user', own(THEIRS, 0o755), 'belongs to the user 1234'],
    ['the one above does', above(THEIRS, 0o755), 'belongs to the user 1234'],
    ['all can write to it', own(0, 0o757), 'can be written by every user'],
    ['all can put files into it', own(0, 0o1757), 'can be written by every user'],
    ['all can write to the one above', above(0, 0o757), 'can be written by every user'],
    ['a group can', own(0, 0o775), 'can be written by the group 5'],
  ])('is refused where %s', (_name, change, why) => {
    const root = folder(change);
    expect(() => {
      assertOwnRoot(root, ROOT);
    }).toThrow(expect.objectContaining({ code: 'USAGE', message: containing(why) }));
    // For others than root the rights of the files decide.
    assertOwnRoot(root, { uid: THEIRS, sudoUid: null });
  });

  it.each<[string, Change]>([
    ['it is its own', () => undefined],
    ['the one above is sticky', above(0, 0o1777)],
  ])('works where %s', (_name, change) => {
    assertOwnRoot(folder(change), ROOT);
  });

  it.each<[string, number, number]>([
    ['the link to it', THEIRS, 0],
    ['the folder of the link to it', 0, THEIRS],
  ])("is refused where %s belongs to another user, and works where it is root's", (_name, ofLink, ofFolder) => {
    const link = join(
      folder(() => undefined),
      'link',
    );
    fs.symlinkSync(
      folder(() => undefined),
      link,
    );
    assertOwnRoot(link, ROOT);
    fs.lchownSync(link, ofLink, 0);
    fs.chownSync(dirname(link), ofFolder, 0);
    expect(() => {
      assertOwnRoot(link, ROOT);
    }).toThrow(expect.objectContaining({ code: 'USAGE', message: containing('belongs to the user 1234') }));
  });

  it('works in the folder of a user who has become root by sudo', () => {
    assertOwnRoot(folder(own(THEIRS, 0o755)), { uid: 0, sudoUid: THEIRS });
  });

  it.each<[string, string[]]>([
    ['pikit-update', ['cancel']],
    ['pikit-update', ['status']],
    ['check', []],
    ['apply', []],
    ['recover', []],
  ])('every program says so, and does nothing: %s %s', async (name, args) => {
    const root = folder(own(THEIRS, 0o755));
    const { code, err } = await run(name, root, { args });
    expect([code, err]).toEqual([2, containing(`PIKIT_ROOT names '${root}', and '${root}' belongs to the user 1234: root does not work there`)]);
    expect(fs.readdirSync(root)).toEqual([]);
  });
});

describe.each<[string, string[]]>([
  ['check', []],
  ['apply', []],
  ['recover', []],
  ['pikit-update', ['status']],
  ['auto', ['off']],
  ['publish', []],
  ['publish', ['settings']],
])('%s %j', (name, args) => {
  it.each([
    ['is not there', '/nonexistent/root', "names '/nonexistent/root', which is not a folder"],
    ['is a file', '/etc/hostname', "names '/etc/hostname', which is not a folder"],
    ['is empty', '', 'is empty'],
  ])('a PIKIT_ROOT that %s is 2, with code and hint', async (_name, root, says) => {
    const cwd = temporary();
    expect(await run(name, root, { args, cwd })).toMatchObject({
      code: 2,
      out: '',
      err: matching(new RegExp(`^error: PIKIT_ROOT ${says}(?: \\[USAGE\\])?\nhint: name the folder that stands for '/', or unset PIKIT_ROOT\n$`)),
    });
    expect(fs.readdirSync(cwd)).toEqual([]);
  });
});
