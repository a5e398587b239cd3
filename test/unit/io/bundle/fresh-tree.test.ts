import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createFreshTree } from '../../../../lib/io/bundle/fresh-tree.ts';
import { snapshot } from '../../../helpers/site-builder.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let dir = '';
beforeEach(() => {
  dir = folderOfTest('tree');
});

describe('createFreshTree', () => {
  it('writes files with the mode they finish with', () => {
    const tree = createFreshTree(join(dir, 'tree'));
    const file = tree.create('a/b/c');
    file.write(Buffer.from('hello'));
    file.finish(0o755);
    file.abandon();
    tree.create('a/d').abandon();
    expect(snapshot(join(dir, 'tree')).map((line) => line.split(' ', 2).join(' '))).toEqual(['a 755', 'a/b 755', 'a/b/c 755', 'a/d 600']);
    tree.discard();
    expect(fs.readdirSync(dir)).toEqual([]);
  });

  it.each([
    [
      'a-folder',
      (path: string) => {
        fs.mkdirSync(path);
      },
    ],
    [
      'a-file',
      (path: string) => {
        fs.writeFileSync(path, 'x');
      },
    ],
    [
      'a-dangling-symlink',
      (path: string) => {
        fs.symlinkSync('nowhere', path);
      },
    ],
  ])('refuses a root that is %s', (_name, make) => {
    make(join(dir, 'tree'));
    expect(() => createFreshTree(join(dir, 'tree'))).toThrow(expect.objectContaining({ code: 'IO_ERROR' }));
  });

  it('follows nothing that was put inside meanwhile', () => {
    const tree = createFreshTree(join(dir, 'tree'));
    fs.mkdirSync(join(dir, 'outside'));
    fs.symlinkSync(join(dir, 'outside'), join(dir, 'tree/web'));
    fs.symlinkSync(join(dir, 'outside/file'), join(dir, 'tree/file'));
    expect(() => tree.create('web/x')).toThrow(/EEXIST/);
    expect(() => tree.create('file')).toThrow(/EEXIST/);
    expect(fs.readdirSync(join(dir, 'outside'))).toEqual([]);
  });
});
