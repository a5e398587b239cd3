import { once } from 'node:events';
import fs from 'node:fs';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { output } from '../../../lib/io/output.ts';

/** A stream that fails at the n-th text, with this code. */
function failing(at: number, code: string, how: 'throws' | 'reports'): { stream: Writable; written: string[] } {
  const written: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (written.length + 1 < at) {
        written.push(chunk.toString());
        done();
        return;
      }
      const error = Object.assign(new Error(`${code}: no`), { code });
      if (how === 'throws') throw error;
      done(error);
    },
  });
  return { stream, written };
}

describe('an output', () => {
  it.each([
    ['ENOSPC', 'throws', 1],
    ['ENOSPC', 'reports', 1],
    ['EIO', 'reports', 1],
    ['EPIPE', 'reports', 0],
  ] as const)('drops what it cannot write, and says so once: %s %s', async (code, how, times) => {
    const { stream, written } = failing(2, code, how);
    const told: string[] = [];
    const { write } = output(stream, (error) => told.push(error.message));
    write('one');
    write('two');
    await new Promise(setImmediate);
    write('three');
    await new Promise(setImmediate);
    expect(written).toEqual(['one']);
    expect(told).toEqual(Array.from({ length: times }, () => `${code}: no`));
  });

  it.skipIf(!fs.existsSync('/dev/full'))('outlives a file on a full disk', async () => {
    const stream = fs.createWriteStream('/dev/full');
    await once(stream, 'open');
    const told: string[] = [];
    output(stream, (error) => told.push(error.message)).write('x');
    await new Promise<void>((resolve) => stream.once('close', resolve));
    expect(told).toEqual(['ENOSPC: no space left on device, write']);
  });
});
