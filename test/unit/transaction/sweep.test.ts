import fs from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isHoisted, sweep } from '../../../lib/transaction/sweep.ts';
import { temporary } from '../../helpers/device.ts';
import { containing } from '../../helpers/matchers.ts';

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
      sweep(join(dir, 'inside'), ['deep']);
    } finally {
      fs.unlinkSync = original;
    }
    expect(isSwapped).toBe(true);
    expect(fs.readdirSync(join(dir, 'outside'))).toEqual(['precious']);
    expect(fs.readdirSync(join(dir, 'inside'))).toEqual([]);
  });

  it.each([
    [60, 'x'.repeat(100)],
    [6000, 'x'],
  ])('goes through more folders than a path can name: %i of them', (depth, name) => {
    const dir = temporary();
    nest(dir, depth, name);
    fs.writeFileSync(join(dir, 'stays'), 'x');
    sweep(dir, [name]);
    expect(fs.readdirSync(dir)).toEqual(['stays']);
  });

  it('removes the rest when something cannot be removed, and says what it was', () => {
    const dir = temporary();
    for (const name of ['a', 'b', 'c']) fs.mkdirSync(join(dir, name));
    const original = fs.rmdirSync;
    fs.rmdirSync = (path) => {
      if (String(path).endsWith('/b')) throw Object.assign(new Error('EBUSY: in use'), { code: 'EBUSY' });
      original(path);
    };
    try {
      expect(() => {
        sweep(dir, ['a', 'b', 'c']);
      }).toThrow('EBUSY');
    } finally {
      fs.rmdirSync = original;
    }
    expect(fs.readdirSync(dir)).toEqual(['b']);
  });

  it('gives up on a user who makes folders faster than they can be removed', () => {
    const dir = temporary();
    fs.mkdirSync(join(dir, 'a'));
    nest(join(dir, 'a'), 40, 'x');
    const original = fs.renameSync;
    let moved = 0;
    // Whatever is moved up has as much in it again.
    fs.renameSync = (from, to) => {
      original(from, to);
      if (!isHoisted(basename(String(to)))) return;
      moved += 1;
      nest(String(to), 40, `y${String(moved)}`);
    };
    try {
      expect(() => {
        sweep(dir, ['a'], 'follow', 20);
      }).toThrow(expect.objectContaining({ code: 'IO_ERROR', message: containing('more folders in each other') }));
    } finally {
      fs.renameSync = original;
    }
    expect(moved).toBe(20);
    sweep(dir, fs.readdirSync(dir));
    expect(fs.readdirSync(dir)).toEqual([]);
  });

  it('follows a link to the folder itself only where nobody else can have put it there', () => {
    const dir = temporary();
    fs.mkdirSync(join(dir, 'real/a'), { recursive: true });
    fs.symlinkSync('real', join(dir, 'link'));
    expect(() => {
      sweep(join(dir, 'link'), ['a'], 'refuse');
    }).toThrow(/ENOTDIR|ELOOP/);
    expect(fs.readdirSync(join(dir, 'real'))).toEqual(['a']);
    sweep(join(dir, 'link'), ['a']);
    expect(fs.readdirSync(join(dir, 'real'))).toEqual([]);
  });
});

/** Folders in each other, all of one name. */
function nest(dir: string, depth: number, name: string): void {
  const at = process.cwd();
  process.chdir(dir);
  try {
    for (let made = 0; made < depth; made += 1) {
      fs.mkdirSync(name);
      process.chdir(name);
    }
  } finally {
    process.chdir(at);
  }
}
