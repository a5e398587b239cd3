import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readTree } from '../../../../lib/release/builder/tree.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { dashboard, writeTree } from '../../../helpers/site-builder.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
let dir = '';
beforeEach(() => {
  base = folderOfTest('tree');
  dir = writeTree(join(base, 'in'), dashboard('one'));
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('readTree', () => {
  it('refuses more files than a release may have before it reads one', () => {
    for (let n = 0; n < 20_000; n += 1) fs.writeFileSync(join(dir, `pikit-web/assets/${String(n)}`), '');
    const opened = vi.spyOn(fs, 'openSync');
    expect(() => readTree(dir)).toThrow(/^20004 files are too many .* at most 20000 are allowed$/);
    expect(opened).not.toHaveBeenCalled();
  });

  it('lists plain files, sorted, with mode, size and hash', () => {
    const { files, notices } = readTree(dir);
    expect(files.map(({ path, mode }) => `${path} ${mode.toString(8)}`)).toEqual([
      'helpers/pikit-hello 755',
      'pikit-api.py 755',
      'pikit-web/assets/app.js 644',
      'pikit-web/index.html 644',
    ]);
    expect(files[0]).toEqual({
      path: 'helpers/pikit-hello',
      source: join(dir, 'helpers/pikit-hello'),
      mode: 0o755,
      size: 21,
      sha256: sha256('#!/bin/sh\necho hello\n'),
    });
    expect(notices).toEqual([]);
  });

  it.each([
    ['group-writable', 0o664, 0o644],
    ['world-writable', 0o666, 0o644],
    ['owner-executes', 0o744, 0o755],
    ['group-executes-only', 0o654, 0o644],
    ['owner-only', 0o600, 0o644],
    ['read-only', 0o444, 0o644],
  ])('makes a %s file plain', (_name, given, mode) => {
    writeTree(dir, { 'pikit-web/a': { data: 'x', mode: given } });
    expect(readTree(dir).files.find(({ path }) => path === 'pikit-web/a')?.mode).toBe(mode);
  });

  it('sorts by code unit, not by language', () => {
    writeTree(dir, { 'pikit-web/B': '', 'pikit-web/a': '', 'pikit-web/a-b': '', 'pikit-web/a.b/c': '' });
    expect(
      readTree(dir)
        .files.map(({ path }) => path)
        .slice(2),
    ).toEqual(['pikit-web/B', 'pikit-web/a', 'pikit-web/a-b', 'pikit-web/a.b/c', 'pikit-web/assets/app.js', 'pikit-web/index.html']);
  });

  it('says what it leaves out, and what will be a surprise', () => {
    fs.mkdirSync(join(dir, 'pikit-web/empty'));
    writeTree(dir, { 'README.md': '', 'more/a': '', 'more/b': '', 'helpers/script': '#!/bin/sh\n', 'pikit-web/.htaccess': '' });
    expect(readTree(dir).notices.toSorted()).toEqual([
      "'README.md' is outside pikit-web/, helpers/, pikit-api.py: devices refuse the release unless a [[target]] covers it",
      "'helpers/script' starts with #! but is not executable, and will be installed with mode 0644",
      "'more/' is outside pikit-web/, helpers/, pikit-api.py: devices refuse the release unless a [[target]] covers it",
      "'pikit-web/.htaccess' starts with a dot, and will be published",
      "'pikit-web/empty' is empty and left out: a release consists of files",
    ]);
  });

  it('leaves out what tools and systems have left, and keeps what is meant to be public', () => {
    writeTree(dir, {
      'pikit-web/.git/config': '',
      'pikit-web/node_modules/a b/.env': 'x',
      'pikit-web/.DS_Store': '',
      'pikit-web/._index.html': '',
      '__MACOSX/x': '',
      'pikit-web/.well-known/security.txt': '',
    });
    const { files, notices } = readTree(dir);
    expect(files.map(({ path }) => path).filter((path) => !/index\.html|app\.js|pikit-(hello|api)/.test(path))).toEqual([
      'pikit-web/.well-known/security.txt',
    ]);
    expect(notices).toHaveLength(5);
    expect(notices).toContain("'pikit-web/node_modules' is left out: tools put it there (--include node_modules lets it in)");
  });

  it('lets in what is named, and secrets inside of it only by name', () => {
    writeTree(dir, { 'pikit-web/node_modules/a/index.js': '', 'pikit-web/ca.pem': '-----BEGIN CERTIFICATE-----' });
    const paths = (...include: string[]): string[] => readTree(dir, include).files.map(({ path }) => path);
    expect(() => paths('node_modules')).toThrow(
      expect.objectContaining({ code: 'INPUT_REFUSED', message: matching("^'pikit-web/ca\\.pem' cannot") }),
    );
    expect(paths('node_modules', '*.pem')).toEqual(expect.arrayContaining(['pikit-web/node_modules/a/index.js', 'pikit-web/ca.pem']));
    writeTree(dir, { 'pikit-web/node_modules/a/.env': '' });
    expect(() => paths('node_modules', '*.pem')).toThrow(/'pikit-web\/node_modules\/a\/\.env' cannot be in a release/);
    expect(() => paths('*.pem', '.evn')).toThrow(/--include '\.evn' names nothing/);
  });

  it('follows a symlink to the folder itself', () => {
    fs.symlinkSync(dir, join(base, 'link'));
    expect(readTree(join(base, 'link')).files).toHaveLength(4);
  });

  const inside = (name: string): string => join(dir, 'pikit-web', name);
  it.each<[string, () => void, string, RegExp]>([
    [
      'symlink-to-a-file',
      () => {
        fs.symlinkSync('index.html', inside('link'));
      },
      'INPUT_REFUSED',
      /'pikit-web\/link'.*a symlink/,
    ],
    [
      'symlink-to-a-folder',
      () => {
        fs.symlinkSync('/etc', inside('etc'));
      },
      'INPUT_REFUSED',
      /'pikit-web\/etc'.*a symlink/,
    ],
    [
      'symlink-dangling',
      () => {
        fs.symlinkSync('nowhere', inside('link'));
      },
      'INPUT_REFUSED',
      /a symlink/,
    ],
    ['fifo', () => execFileSync('/usr/bin/mkfifo', [inside('fifo')]), 'INPUT_REFUSED', /'pikit-web\/fifo'.*a fifo/],
    [
      'set-uid',
      () => {
        fs.chmodSync(inside('index.html'), 0o4755);
      },
      'INPUT_REFUSED',
      /'pikit-web\/index\.html'.*mode is 4755/,
    ],
    [
      'set-gid',
      () => {
        fs.chmodSync(inside('index.html'), 0o2755);
      },
      'INPUT_REFUSED',
      /mode is 2755/,
    ],
    [
      'sticky',
      () => {
        fs.chmodSync(inside('index.html'), 0o1644);
      },
      'INPUT_REFUSED',
      /mode is 1644/,
    ],
    ['secret', () => writeTree(dir, { 'pikit-web/.env': 'TOKEN=x' }), 'INPUT_REFUSED', /'pikit-web\/\.env'.*passwords or keys/],
    ['key', () => writeTree(dir, { 'pikit-web/notes.txt': '-----BEGIN PRIVATE KEY-----\n' }), 'INPUT_REFUSED', /holds a private key/],
    ['manifest', () => writeTree(dir, { 'manifest.json': '{}' }), 'INPUT_REFUSED', /'manifest\.json'.*belongs to the manifest/],
    ['trailing-blank', () => writeTree(dir, { 'pikit-web/a ': '' }), 'PATH_REFUSED', /'pikit-web\/a '.*begin or end with a blank/],
    ['colon', () => writeTree(dir, { 'pikit-web/a:b': '' }), 'PATH_REFUSED', /'pikit-web\/a:b'.*vfat and NTFS/],
    ['nfd', () => writeTree(dir, { 'pikit-web/gru\u0308n': '' }), 'PATH_REFUSED', /normal form C, which is 'pikit-web\/gr\u00fcn'/],
    ['newline', () => writeTree(dir, { 'pikit-web/a\nb': '' }), 'PATH_REFUSED', /'pikit-web\/a\\u000ab'.*U\+000A/],
    ['bidi', () => writeTree(dir, { 'pikit-web/a\u202eb': '' }), 'PATH_REFUSED', /'pikit-web\/a\\u202eb'.*U\+202E/],
    [
      'not-utf-8',
      () => {
        fs.writeFileSync(Buffer.concat([Buffer.from(inside('')), Buffer.from([0xff])]), '');
      },
      'PATH_REFUSED',
      /is not UTF-8/,
    ],
    ['ours', () => writeTree(dir, { 'pikit-web/.pikit-new-1': '' }), 'PATH_REFUSED', /belong to the updater/],
    ['too-deep', () => writeTree(dir, { [`${'d/'.repeat(16)}f`]: '' }), 'PATH_REFUSED', /17 levels deep/],
    ['too-long', () => writeTree(dir, { [Array.from({ length: 5 }, () => 'd'.repeat(205)).join('/')]: '' }), 'PATH_REFUSED', /1029 bytes, 1024/],
    [
      'case-twins',
      () => writeTree(dir, { 'pikit-web/Index.html': '' }),
      'PATH_REFUSED',
      /'pikit-web\/[iI]ndex\.html' and 'pikit-web\/[iI]ndex\.html'/,
    ],
    [
      'empty',
      () => {
        fs.rmSync(dir, { recursive: true });
        fs.mkdirSync(join(dir, 'a/b'), { recursive: true });
      },
      'INPUT_REFUSED',
      /has no files/,
    ],
    [
      'missing',
      () => {
        fs.rmSync(dir, { recursive: true });
      },
      'INPUT_REFUSED',
      /is not a folder/,
    ],
    [
      'a-file',
      () => {
        fs.rmSync(dir, { recursive: true });
        fs.writeFileSync(dir, '');
      },
      'INPUT_REFUSED',
      /is not a folder/,
    ],
  ])('refuses %s', (_name, spoil, code, says) => {
    spoil();
    expect(() => readTree(dir)).toThrow(expect.objectContaining({ code, message: matching(says) }));
  });

  it('takes names as bundlers and people write them', () => {
    const names = ['pikit-web/a b/[id] (1), ~x=1;y & z!.js', 'pikit-web/gr\u00fc\u00dfe %41#1.txt', `pikit-web/${'n'.repeat(255)}`];
    writeTree(dir, Object.fromEntries(names.map((name) => [name, name])));
    expect(readTree(dir).files.map(({ path }) => path)).toEqual(expect.arrayContaining(names));
  });

  it('refuses a device and a socket', async () => {
    const server = net.createServer().listen(inside('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    expect(() => readTree(dir)).toThrow(expect.objectContaining({ code: 'INPUT_REFUSED', message: containing('a socket') }));
    await new Promise((resolve) => server.close(resolve));
    if (process.getuid?.() !== 0) return;
    execFileSync('mknod', [inside('null'), 'c', '1', '3']);
    expect(() => readTree(dir)).toThrow(expect.objectContaining({ code: 'INPUT_REFUSED', message: containing('a device') }));
  });

  it('names a file that vanishes while the folder is read', () => {
    // The only way to be between readdir and lstat without a race.
    vi.spyOn(fs, 'lstatSync').mockImplementationOnce(() => {
      throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    });
    expect(() => readTree(dir)).toThrow(
      expect.objectContaining({ code: 'INPUT_REFUSED', message: `'${join(dir, 'helpers')}' vanished or changed its type while it was read` }),
    );
  });
});
