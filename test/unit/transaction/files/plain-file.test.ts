import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { clearPath, keepAside, plainBytes, readPlain } from '../../../../lib/transaction/files/plain-file.ts';
import { containing } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { snapshot, writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const LIMITS = { maxBytes: 100 };
const GIB = 1024 ** 3;

describe('plainBytes', () => {
  it('answers with the bytes, or with null where there are none to have', () => {
    fs.writeFileSync(`${dir()}/file`, 'text');
    fs.symlinkSync('file', `${dir()}/link`);
    expect([`${dir()}/file`, `${dir()}/link`, `${dir()}/none`].map((path) => plainBytes(path, 100)?.toString())).toEqual([
      'text',
      undefined,
      undefined,
    ]);
    expect(plainBytes(`${dir()}/file`, 3)).toBeNull();
  });
});

describe('readPlain', () => {
  it.each([0, 1, 100])('answers with the bytes, up to the limit: %s', (size) => {
    fs.writeFileSync(`${dir()}/file`, Buffer.alloc(size, 'x'));
    expect(readPlain(`${dir()}/file`, LIMITS)).toMatchObject({ is: 'there', bytes: Buffer.alloc(size, 'x') });
  });

  it('does not read a second name in a folder of another user for that user', () => {
    fs.mkdirSync(`${dir()}/theirs`);
    fs.writeFileSync(`${dir()}/secret`, 'secret', { mode: 0o600 });
    fs.linkSync(`${dir()}/secret`, `${dir()}/theirs/state.json`);
    expect(readPlain(`${dir()}/theirs/state.json`, LIMITS), 'a folder of our own').toMatchObject({ is: 'there' });
    fs.chownSync(`${dir()}/theirs`, 65_534, 65_534);
    expect(readPlain(`${dir()}/theirs/state.json`, LIMITS)).toEqual({ is: 'odd', why: 'has a second name' });
    fs.chownSync(`${dir()}/theirs`, 0, 65_534);
    fs.chmodSync(`${dir()}/theirs`, 0o1775);
    expect(readPlain(`${dir()}/theirs/state.json`, LIMITS), 'a folder of root that others may write to').toMatchObject({ is: 'odd' });
    fs.unlinkSync(`${dir()}/secret`);
    expect(readPlain(`${dir()}/theirs/state.json`, LIMITS), 'the only name').toMatchObject({ is: 'there' });
  });

  it('does not read a second name in a folder of root where a group puts files', () => {
    fs.mkdirSync(`${dir()}/shared`);
    fs.writeFileSync(`${dir()}/secret`, 'secret', { mode: 0o600 });
    fs.linkSync(`${dir()}/secret`, `${dir()}/shared/state.json`);
    fs.chownSync(`${dir()}/shared`, 0, 65_534);
    fs.chmodSync(`${dir()}/shared`, 0o755);
    expect(readPlain(`${dir()}/shared/state.json`, LIMITS), 'a group that only reads').toMatchObject({ is: 'there' });
    fs.chmodSync(`${dir()}/shared`, 0o1775);
    expect(readPlain(`${dir()}/shared/state.json`, LIMITS)).toEqual({ is: 'odd', why: 'has a second name' });
  });

  it('knows when there is none', () => {
    expect(readPlain(`${dir()}/file`, LIMITS)).toEqual({ is: 'absent' });
  });

  it.each<[string, (path: string) => void, string]>([
    [
      'too-large',
      (path) => {
        fs.writeFileSync(path, Buffer.alloc(101));
      },
      'has 101 bytes, 100 are allowed',
    ],
    [
      'larger-than-memory',
      (path) => {
        fs.writeFileSync(path, '');
        fs.truncateSync(path, 3 * GIB);
      },
      `has ${String(3 * GIB)} bytes, 100 are allowed`,
    ],
    [
      'directory',
      (path) => {
        fs.mkdirSync(path);
      },
      'is a directory',
    ],
    [
      'link-to-a-file',
      (path) => {
        fs.writeFileSync(`${dir()}/other`, 'secret');
        fs.symlinkSync('other', path);
      },
      'is a symbolic link',
    ],
    [
      'link-to-nothing',
      (path) => {
        fs.symlinkSync('nothing', path);
      },
      'is a symbolic link',
    ],
    [
      'pipe',
      (path) => {
        execFileSync('mkfifo', [path]);
      },
      'is a special file',
    ],
  ])('reads nothing else, and says what it is: %s', (_name, make, why) => {
    make(`${dir()}/file`);
    expect(readPlain(`${dir()}/file`, LIMITS)).toEqual({ is: 'odd', why });
  });

  it('reads no socket', async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(`${dir()}/file`, resolve));
    expect(readPlain(`${dir()}/file`, LIMITS)).toEqual({ is: 'odd', why: 'is a special file' });
    await new Promise((resolve) => server.close(resolve));
  });

  it('reads through links where the owner may put them', () => {
    writeTree(dir(), { '/elsewhere/file': 'x' });
    fs.symlinkSync('elsewhere/file', `${dir()}/link`);
    fs.symlinkSync('nothing', `${dir()}/broken`);
    const limits = { ...LIMITS, throughLinks: true };
    expect(readPlain(`${dir()}/link`, limits)).toMatchObject({ is: 'there', bytes: Buffer.from('x') });
    expect(readPlain(`${dir()}/broken`, limits)).toEqual({ is: 'absent' });
  });

  it('throws what is wrong with the folder', () => {
    fs.writeFileSync(`${dir()}/folder`, '');
    expect(() => readPlain(`${dir()}/folder/file`, LIMITS)).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
  });

  describe('on a disk that fails', () => {
    afterEach(() => {
      vi.restoreAllMocks();
    });

    it('says of which file', () => {
      fs.writeFileSync(`${dir()}/file`, 'x');
      vi.spyOn(fs, 'readSync').mockImplementation(() => {
        throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
      });
      const failure: unknown = expect.objectContaining({ code: 'EIO', message: containing(`${dir()}/file`) });
      expect(() => readPlain(`${dir()}/file`, LIMITS)).toThrow(failure);
    });
  });
});

describe('keepAside', () => {
  it('keeps the last one that was damaged', () => {
    for (const text of ['one', 'two']) {
      fs.writeFileSync(`${dir()}/file`, text);
      expect(keepAside(`${dir()}/file`)).toBe(`${dir()}/file.damaged`);
    }
    expect(fs.readFileSync(`${dir()}/file.damaged`, 'utf8')).toBe('two');
    expect(fs.readdirSync(dir())).toEqual(['file.damaged']);
  });

  it('gives every directory a name of its own', () => {
    for (const name of ['one', 'two']) {
      writeTree(dir(), { [`/file/${name}`]: name });
      keepAside(`${dir()}/file`);
    }
    fs.writeFileSync(`${dir()}/file`, 'three');
    keepAside(`${dir()}/file`);
    expect(Object.keys(snapshot(dir())).toSorted()).toEqual([
      '/file.damaged',
      '/file.damaged-2',
      '/file.damaged-2/two',
      '/file.damaged-3',
      '/file.damaged/one',
    ]);
  });

  it('keeps the newest of many directories, and few of the others', () => {
    for (let n = 0; n < 20; n += 1) {
      writeTree(dir(), { [`/file/${String(n)}`]: 'x', '/other/inside': 'y' });
      if (n === 10) fs.symlinkSync('../../other', `${dir()}/file/link`);
      expect(fs.readdirSync(keepAside(`${dir()}/file`))).toContain(String(n));
    }
    expect(fs.readdirSync(dir()).toSorted()).toEqual(['file.damaged', 'file.damaged-2', 'file.damaged-3', 'other']);
    expect(fs.existsSync(`${dir()}/other/inside`)).toBe(true);
  });

  it('is not held up by directories with very much in them', () => {
    const many = Object.fromEntries(Array.from({ length: 1500 }, (_, n) => [String(n), '']));
    const full = (name: string): void => {
      fs.mkdirSync(`${dir()}/${name}`);
      for (const inside of Object.keys(many)) fs.linkSync(`${dir()}/one`, `${dir()}/${name}/${inside}`);
    };
    fs.writeFileSync(`${dir()}/one`, '');
    for (const name of ['file', 'file.damaged', 'file.damaged-2', 'file.damaged-3']) full(name);
    expect(keepAside(`${dir()}/file`)).toBe(`${dir()}/file.damaged-4`);
    // The next one goes on where this has stopped.
    fs.mkdirSync(`${dir()}/file`);
    expect(keepAside(`${dir()}/file`)).toMatch(/\.damaged(?:-[23])?$/);
  });

  it('renames a link, and not what it leads to', () => {
    writeTree(dir(), { '/elsewhere': 'x' });
    fs.symlinkSync('elsewhere', `${dir()}/file`);
    keepAside(`${dir()}/file`);
    expect(fs.readlinkSync(`${dir()}/file.damaged`)).toBe('elsewhere');
    expect(fs.existsSync(`${dir()}/elsewhere`)).toBe(true);
  });
});

describe('clearPlace', () => {
  it('moves a directory out of the way, and nothing else', () => {
    writeTree(dir(), { '/folder/inside': 'x', '/file': 'y' });
    for (const name of ['folder', 'file', 'nothing']) clearPath(`${dir()}/${name}`);
    expect(Object.keys(snapshot(dir()))).toEqual(['/file', '/folder.damaged', '/folder.damaged/inside']);
  });
});
