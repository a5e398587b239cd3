import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sweep } from '../../../lib/transaction/sweep.ts';
import { temporary } from '../../helpers/device.ts';

describe('sweep', () => {
  it('removes files, folders and links, and nothing that was not named', () => {
    const dir = temporary();
    fs.mkdirSync(join(dir, 'a/b/c'), { recursive: true });
    fs.writeFileSync(join(dir, 'a/b/c/file'), 'x', { mode: 0o400 });
    fs.writeFileSync(join(dir, 'file'), 'x');
    fs.writeFileSync(join(dir, 'stays'), 'x');
    fs.symlinkSync('stays', join(dir, 'link'));
    fs.symlinkSync('nowhere', join(dir, 'a/dangling'));
    sweep(dir, ['a', 'file', 'link', 'none']);
    expect(fs.readdirSync(dir)).toEqual(['stays']);
  });

  it('never leaves the folder through a link', () => {
    const dir = temporary();
    fs.mkdirSync(join(dir, 'outside'));
    fs.writeFileSync(join(dir, 'outside/precious'), 'x');
    fs.mkdirSync(join(dir, 'inside/deep'), { recursive: true });
    fs.symlinkSync(join(dir, 'outside'), join(dir, 'inside/deep/link'));
    sweep(join(dir, 'inside'), ['deep']);
    expect(fs.readdirSync(join(dir, 'outside'))).toEqual(['precious']);
    expect(fs.readdirSync(join(dir, 'inside'))).toEqual([]);
  });

  it('does not follow a folder that becomes a link while it is swept', () => {
    const dir = temporary();
    fs.mkdirSync(join(dir, 'outside'));
    fs.writeFileSync(join(dir, 'outside/precious'), 'x');
    fs.mkdirSync(join(dir, 'inside/deep'), { recursive: true });
    const original = fs.unlinkSync;
    let isSwapped = false;
    // The other user's moment: between the look that finds a folder and the call that opens it.
    fs.unlinkSync = (path) => {
      try {
        original(path);
      } catch (error) {
        if (!isSwapped) {
          isSwapped = true;
          fs.rmdirSync(join(dir, 'inside/deep'));
          fs.symlinkSync(join(dir, 'outside'), join(dir, 'inside/deep'));
        }
        throw error;
      }
    };
    try {
      expect(() => {
        sweep(join(dir, 'inside'), ['deep']);
      }).toThrow(/ELOOP|ENOTDIR/);
    } finally {
      fs.unlinkSync = original;
    }
    expect(isSwapped).toBe(true);
    expect(fs.readdirSync(join(dir, 'outside'))).toEqual(['precious']);
  });

  it('goes through more folders than a path can name', () => {
    const dir = temporary();
    const at = process.cwd();
    process.chdir(dir);
    try {
      for (let depth = 0; depth < 60; depth += 1) {
        fs.mkdirSync('x'.repeat(100));
        process.chdir('x'.repeat(100));
      }
    } finally {
      process.chdir(at);
    }
    sweep(dir, ['x'.repeat(100)]);
    expect(fs.readdirSync(dir)).toEqual([]);
  });
});
