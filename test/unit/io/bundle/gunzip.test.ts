import fs from 'node:fs';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { gunzipFile } from '../../../../lib/io/bundle/gunzip.ts';
import { containing } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let dir = '';
beforeEach(() => {
  dir = folderOfTest('gunzip');
});

async function gunzip(bytes: Buffer, maxBytes = 10_000_000): Promise<Buffer> {
  const path = join(dir, 'x.gz');
  fs.writeFileSync(path, bytes);
  return await gunzipFile(path, { what: 'the file', maxBytes }, async (source) => {
    const chunks: Buffer[] = [];
    for await (const chunk of source) chunks.push(chunk);
    return Buffer.concat(chunks);
  });
}

describe('gunzipFile', () => {
  it.each([0, 1, 65_535, 65_536, 65_537, 1_000_000])('unpacks %i bytes', async (length) => {
    const data = Buffer.alloc(length, 'abcdefg');
    expect((await gunzip(zlib.gzipSync(data))).equals(data)).toBe(true);
    expect((await gunzip(zlib.gzipSync(data, { level: 0 }))).equals(data)).toBe(true);
  });

  it('finds trailing data at every distance from the chunk border', async () => {
    // Stored blocks make the length of the file predictable: the deflate data ends just before, at and after 64 KiB.
    for (const length of [65_500, 65_520, 65_530, 65_531, 65_532, 65_536]) {
      const bytes = zlib.gzipSync(Buffer.alloc(length, 7), { level: 0 });
      for (const excess of [1, 8, 64, 65_536, 200_000]) {
        await expect(gunzip(Buffer.concat([bytes, Buffer.alloc(excess)]))).rejects.toMatchObject({
          code: 'BUNDLE_INVALID',
          message: `the file has ${String(excess)} bytes after the end of its gzip data`,
        });
      }
    }
  });

  it('stops at the limit, exactly', async () => {
    const bytes = zlib.gzipSync(Buffer.alloc(1000));
    expect(await gunzip(bytes, 1000)).toHaveLength(1000);
    await expect(gunzip(bytes, 999)).rejects.toMatchObject({ code: 'BUNDLE_INVALID', message: containing('the 999 bytes') });
  });

  it('passes on what the reader throws, and waits for it to end', async () => {
    const path = join(dir, 'x.gz');
    fs.writeFileSync(path, zlib.gzipSync('hello'));
    let ended = false;
    const work = gunzipFile(path, { what: 'the file', maxBytes: 100 }, async (source) => {
      try {
        for await (const chunk of source) throw new Error(`full after ${String(chunk)}`);
      } finally {
        await new Promise((resolve) => setImmediate(resolve));
        ended = true;
      }
    });
    await expect(work).rejects.toThrow('full after hello');
    expect(ended).toBe(true);
  });

  it('is a defect when the reader stops early', async () => {
    const path = join(dir, 'x.gz');
    fs.writeFileSync(path, zlib.gzipSync('hello'));
    await expect(gunzipFile(path, { what: 'the file', maxBytes: 100 }, () => Promise.resolve(1))).rejects.toBeInstanceOf(Error);
  });

  it('leaves no descriptor open', async () => {
    const open = (): number => fs.readdirSync('/proc/self/fd').length;
    const before = open();
    for (let i = 0; i < 20; i += 1) {
      await gunzip(zlib.gzipSync('x'));
      await expect(gunzip(Buffer.from('x'))).rejects.toThrow();
    }
    expect(open()).toBeLessThanOrEqual(before + 2);
  });

  it('refuses a folder and a fifo without waiting for a writer', async () => {
    const { execFileSync } = await import('node:child_process');
    execFileSync('/usr/bin/mkfifo', [join(dir, 'fifo')]);
    for (const path of [dir, join(dir, 'fifo')]) {
      await expect(gunzipFile(path, { what: 'the file', maxBytes: 1 }, () => Promise.resolve(1))).rejects.toMatchObject({
        message: 'the file is not a regular file',
      });
    }
  });
});
