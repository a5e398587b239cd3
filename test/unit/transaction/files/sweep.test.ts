import fs from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isHoisted, sweep, sweepSome } from '../../../../lib/transaction/files/sweep.ts';
import { temporary } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';

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

  it('removes what has a name that is no text', () => {
    const dir = temporary();
    fs.mkdirSync(join(dir, 'a'));
    const odd = (name: number[]): Buffer => Buffer.concat([Buffer.from(`${dir}/a/`), Buffer.from(name)]);
    fs.writeFileSync(odd([0xff]), 'x');
    fs.mkdirSync(odd([0xc3, 0x28]));
    fs.writeFileSync(Buffer.concat([odd([0xc3, 0x28]), Buffer.from('/\n')]), 'x');
    sweep(dir, ['a']);
    expect(fs.readdirSync(dir)).toEqual([]);
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
        sweep(dir, ['a'], 'follow', { mostSurprises: 20 });
      }).toThrow(expect.objectContaining({ code: 'IO_ERROR', message: containing('too many nested folders') }));
    } finally {
      fs.renameSync = original;
    }
    expect(moved).toBe(20);
    sweep(dir, fs.readdirSync(dir));
    expect(fs.readdirSync(dir)).toEqual([]);
  });

  it('follows a link to the folder itself only where no other user can have put it there', () => {
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

describe('sweepSome', () => {
  it('removes no more entries than it may, and goes on with the rest the next time, also far down', () => {
    const dir = temporary();
    const deep = join(dir, 'a', ...Array.from({ length: 70 }, () => 'd'));
    fs.mkdirSync(deep, { recursive: true });
    for (let n = 0; n < 25; n += 1) fs.writeFileSync(join(n % 2 === 0 ? deep : join(dir, 'a'), String(n)), 'x');
    let failed = 0;
    while (failed < 20 && fs.existsSync(join(dir, 'a'))) {
      try {
        sweepSome(join(dir, 'a'), 40);
      } catch (error) {
        failed += 1;
        expect(error).toMatchObject({ code: 'IO_ERROR' });
      }
      expect(fs.readdirSync(dir).filter((name) => name !== 'a')).toEqual([]);
    }
    expect(failed).toBeGreaterThan(0);
    expect(failed).toBeLessThan(20);
  });

  it('removes a file, and a link instead of what it leads to', () => {
    const dir = temporary();
    fs.mkdirSync(join(dir, 'real/inside'), { recursive: true });
    fs.symlinkSync('real', join(dir, 'link'));
    fs.writeFileSync(join(dir, 'file'), 'x');
    for (const name of ['link', 'file', 'none']) sweepSome(join(dir, name), 1);
    expect(fs.readdirSync(dir)).toEqual(['real']);
    expect(fs.readdirSync(join(dir, 'real'))).toEqual(['inside']);
  });
});
