import childProcess from 'node:child_process';
import fs from 'node:fs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { holdBarrier, withBarrier } from '../../../../lib/transaction/files/barrier.ts';
import type { Barrier } from '../../../../lib/transaction/files/barrier.ts';
import { createNew } from '../../../../lib/transaction/files/durable.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

/** In order: each fsync with what it is of, and each call of Perl. */
function flushes(perl?: { stdout: string; status: number | null }): string[] {
  const seen: string[] = [];
  const { fsyncSync } = fs;
  const one = vi.spyOn(fs, 'fsyncSync').mockImplementation((fd) => {
    seen.push(fs.readlinkSync(`/proc/self/fd/${String(fd)}`).slice(dir().length));
    fsyncSync(fd);
  });
  const { spawnSync } = childProcess;
  const all = vi.spyOn(childProcess, 'spawnSync').mockImplementation((command, args, options) => {
    seen.push('syncfs');
    return perl === undefined ? spawnSync(command, args, options) : { pid: 1, output: [], stderr: '', signal: null, ...perl };
  });
  onTestFinished(() => {
    one.mockRestore();
    all.mockRestore();
  });
  return seen;
}

function write(barrier: Barrier, count: number): void {
  const write = (n: number): void => {
    createNew(
      `${dir()}/f${String(n)}`,
      { mode: 0o644, owner: null },
      (put) => {
        put(Buffer.from('x'));
      },
      barrier,
    );
  };
  for (let n = 0; n < count; n += 1) write(n);
  barrier.dir(dir());
}

const names = (count: number): string[] => Array.from({ length: count }, (_value, n) => `/f${String(n)}`);

it('is one call for any number of files', () => {
  const seen = flushes();
  withBarrier([`${dir()}/not/there/yet`], (barrier) => {
    write(barrier, 300);
    expect(seen).toEqual([]);
  });
  expect(seen).toEqual(['syncfs']);
});

it('flushes few one by one, and leaves alone what others have to write', () => {
  const seen = flushes();
  withBarrier([dir()], (barrier) => {
    write(barrier, 7);
  });
  expect(seen).toEqual([...names(7), '']);
});

it('does nothing where nothing was written', () => {
  const seen = flushes();
  withBarrier([dir()], () => undefined);
  expect(seen).toEqual([]);
});

it.each([
  ['the call is not there', { stdout: '38', status: 0 }],
  ['Perl cannot be run', { stdout: '', status: null }],
])('flushes each by itself where %s', (_name, perl) => {
  const seen = flushes(perl);
  withBarrier([dir()], (barrier) => {
    write(barrier, 20);
  });
  expect(seen).toEqual(['syncfs', ...names(20), '']);
});

it('lets an error of the disk through, and is not passed', () => {
  flushes({ stdout: '5', status: 0 });
  expect(() => {
    withBarrier([dir()], (barrier) => {
      write(barrier, 20);
    });
  }).toThrow(expect.objectContaining({ code: 'EIO' }));
});

it('flushes at once what is on a filesystem that it does not hold', () => {
  const seen = flushes();
  const barrier = holdBarrier(['/proc']);
  try {
    write(barrier, 2);
    expect(seen).toEqual([...names(2), '']);
    barrier.pass();
    expect(seen).toHaveLength(3);
  } finally {
    barrier.close();
  }
});

it('passes over a folder that is gone, and keeps no descriptor', () => {
  const open = (): number => fs.readdirSync('/proc/self/fd').length;
  const before = open();
  withBarrier([dir()], (barrier) => {
    fs.mkdirSync(`${dir()}/sub`);
    barrier.dir(`${dir()}/sub`);
    fs.rmdirSync(`${dir()}/sub`);
  });
  expect(() => {
    withBarrier([dir()], () => {
      throw new Error('no');
    });
  }).toThrow('no');
  expect(open()).toBe(before);
});
