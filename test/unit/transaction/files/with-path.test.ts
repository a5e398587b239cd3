import fs from 'node:fs';
import { expect, it } from 'vitest';
import { writeDurable } from '../../../../lib/transaction/files/durable.ts';
import { withPath } from '../../../../lib/transaction/files/with-path.ts';
import { canMount, withTmpfs } from '../../../helpers/mount.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

it('says the path where the error does not, and leaves it where it does', () => {
  const path = `${dir()}/none`;
  const write = ((): unknown => {
    try {
      return fs.writeSync(fs.openSync('/dev/full', 'w'), 'x');
    } catch (error) {
      return error;
    }
  })();
  expect(withPath(write, path)).toMatchObject({ code: 'ENOSPC', path, message: `ENOSPC: no space left on device, write '${path}'` });
  const open = Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { path: 'another' });
  expect(withPath(open, path)).toMatchObject({ path: 'another', message: `ENOENT: no such file or directory, open '${path}'` });
  expect(withPath('text', path)).toBe('text');
});

it.skipIf(!canMount())('a file that finds no room is named, and its old content stays (needs root)', () => {
  const full = `${dir()}/full`;
  withTmpfs(full, 'size=64k', () => {
    fs.writeFileSync(`${full}/file`, 'old');
    expect(() => {
      writeDurable(`${full}/file`, Buffer.alloc(128 * 1024), { mode: 0o644 });
    }).toThrow(expect.objectContaining({ code: 'ENOSPC', path: `${full}/file` }));
    expect(fs.readFileSync(`${full}/file`, 'utf8')).toBe('old');
    expect(fs.readdirSync(full)).toEqual(['file']);
  });
});
