import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ensureFolder, inRealDirectory } from '../../../../lib/io/state/real-directory.ts';
import { containing } from '../../../helpers/matchers.ts';
import { canMount, withTmpfs } from '../../../helpers/mount.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

it('stays in the directory that was there, whatever takes its place, and says whose it is', () => {
  const folder = join(dir(), 'folder');
  const elsewhere = join(dir(), 'elsewhere');
  for (const one of [folder, elsewhere]) fs.mkdirSync(one);
  const uid = inRealDirectory(folder, (at, owner) => {
    fs.renameSync(folder, `${folder}-away`);
    fs.symlinkSync(elsewhere, folder);
    fs.writeFileSync(`${at}/file`, 'x');
    return owner.uid;
  });
  expect(uid).toBe(process.getuid?.());
  expect([fs.readdirSync(`${folder}-away`), fs.readdirSync(elsewhere)]).toEqual([['file'], []]);
});

it.each([
  ['a link to a directory', (at: string) => { fs.symlinkSync(dir(), at); }], // prettier-ignore
  ['a file', (at: string) => { fs.writeFileSync(at, ''); }], // prettier-ignore
])('refuses %s', (_name, make) => {
  const at = join(dir(), 'odd');
  make(at);
  expect(() => {
    inRealDirectory(at, () => undefined);
  }).toThrow(expect.objectContaining({ code: 'DEST_TYPE' }));
});

it.skipIf(!canMount())('a folder that is missing is made, or what makes it is said (needs root)', () => {
  ensureFolder(join(dir(), 'a/b'));
  expect(fs.statSync(join(dir(), 'a/b')).isDirectory()).toBe(true);
  const closed = join(dir(), 'closed');
  withTmpfs(closed, 'ro', () => {
    expect(() => {
      ensureFolder(join(closed, 'pikit-update'));
    }).toThrow(
      expect.objectContaining({
        code: 'IO_ERROR',
        message: `'${closed}/pikit-update' does not exist and cannot be created (EROFS)`,
        hint: containing('systemd-tmpfiles --create pikit-update.conf'),
      }),
    );
  });
});
