import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { readJsonFile, readOrSetAside, setFileAside, writeLossy, writeOwned } from '../../../../lib/io/state/json-file.ts';
import { matching } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

const Thing = z.strictObject({ a: z.number() });

let dir = '';
let path = '';
let reports: string[] = [];
const report = (message: string): void => {
  reports.push(message);
};
beforeEach(() => {
  dir = folderOfTest('json');
  path = join(dir, 'sub/thing.json');
  fs.mkdirSync(dirname(path));
  reports = [];
});

describe('reading', () => {
  it('is null where nothing is, and the value where it is', () => {
    expect(readJsonFile(path, Thing, 'the thing')).toBeNull();
    fs.writeFileSync(path, '{"a":1}');
    expect(readJsonFile(path, Thing, 'the thing')).toEqual({ a: 1 });
  });

  it.each([
    ['another shape', '{"b":1}'],
    ['no JSON', '{'],
    ['too much', `{"a":1${' '.repeat(100)}}`],
  ])('names damage, and keeps it aside: %s', (_name, text) => {
    fs.writeFileSync(path, text);
    expect(() => readJsonFile(path, Thing, 'the thing', 64)).toThrow(
      expect.objectContaining({ code: 'STATE_INVALID', message: matching('the thing') }),
    );
    expect(readOrSetAside(path, Thing, 'the thing', report, 64)).toBeNull();
    expect(reports).toEqual([matching(/^the thing .*; moved it to '.*thing\.json\.damaged' and started a new one$/)]);
    expect(fs.readFileSync(`${path}.damaged`, 'utf8')).toBe(text);
  });

  it('counts as not there what another one has taken away meanwhile', () => {
    setFileAside(path, 'it is odd', report);
    expect(reports).toEqual(['it is odd; treating it as missing']);
  });
});

describe.each([
  ['writeOwned', (at: string, value: unknown) => { writeOwned(at, value, 0o644, { owner: { uid: 33, gid: 33 }, report }); }], // prettier-ignore
  ['writeLossy', (at: string, value: unknown) => { writeLossy(at, value, { owner: { uid: 33, gid: 33 }, report }); }], // prettier-ignore
])('%s', (_name, write) => {
  it('makes the folder, and leaves nothing but the file', () => {
    const fresh = join(dir, 'new/thing.json');
    write(fresh, { a: 1 });
    write(fresh, { a: 2 });
    expect(readJsonFile(fresh, Thing, 'the thing')).toEqual({ a: 2 });
    expect(fs.readdirSync(dirname(fresh))).toEqual(['thing.json']);
    expect(fs.statSync(fresh).mode & 0o777).toBe(0o644);
  });

  it.skipIf(process.getuid?.() !== 0)('gives it to whose it is (needs root)', () => {
    write(path, { a: 1 });
    expect(fs.statSync(path)).toMatchObject({ uid: 33, gid: 33 });
  });

  it('writes nothing where the folder is a link, wherever that leads', () => {
    const elsewhere = join(dir, 'elsewhere');
    fs.mkdirSync(elsewhere);
    fs.rmdirSync(dirname(path));
    fs.symlinkSync(elsewhere, dirname(path));
    expect(() => {
      write(path, { a: 1 });
    }).toThrow(expect.objectContaining({ code: 'DEST_TYPE' }));
    expect(fs.readdirSync(elsewhere)).toEqual([]);
  });

  it('touches nothing outside when its temporary file is exchanged for a link, or the folder for another', () => {
    const outside = join(dir, 'outside');
    fs.writeFileSync(outside, 'root', { mode: 0o600 });
    const before = fs.statSync(outside);
    const folder = dirname(path);
    const close = fs.closeSync;
    const exchange = (): void => {
      const temp = `${folder}/thing.json.tmp`;
      if (fs.lstatSync(temp, { throwIfNoEntry: false })?.isFile() !== true) return;
      fs.unlinkSync(temp);
      fs.symlinkSync(outside, temp);
      fs.renameSync(folder, `${folder}-away`);
      fs.symlinkSync(dir, folder);
    };
    const spy = vi.spyOn(fs, 'closeSync').mockImplementationOnce((fd) => {
      close(fd);
      exchange();
    });
    try {
      if (process.getuid?.() === 0) fs.chownSync(folder, 33, 33);
      write(path, { a: 1 });
    } finally {
      spy.mockRestore();
    }
    expect(fs.statSync(outside)).toMatchObject({ uid: before.uid, mode: before.mode, size: 4 });
    expect(fs.readdirSync(dir).sort()).toEqual(['outside', 'sub', 'sub-away']);
  });
});
