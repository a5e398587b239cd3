import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectBundle, packBundle, unpackBundle } from '../../../../lib/io/bundle/archive.ts';
import type { ManifestFile } from '../../../../lib/core/release/manifest.ts';
import type { EntryFields } from '../../../helpers/archive-builder.ts';
import { END_OF_ARCHIVE, paxEntry, sha256, tarEntry, tarGz } from '../../../helpers/archive-builder.ts';
import { containing, matching } from '../../../helpers/matchers.ts';

const PAGE = '<!doctype html>\n';
const SCRIPT = '#!/bin/sh\necho hello\n';
const page: EntryFields = { name: 'pikit-web/index.html', data: PAGE };
const script: EntryFields = { name: 'helpers/hello', data: SCRIPT };
const manifestEntry: EntryFields = { name: 'manifest.json', data: '{"schema":1}\n' };
const good = [manifestEntry, page, script];
const limits = { unpackedBytes: 64 * 1024 * 1024 };

function listed(path: string, data: string | Buffer, more: Partial<ManifestFile> = {}): ManifestFile {
  return { path, sha256: sha256(data), size: Buffer.byteLength(data), config: false, ...more };
}
const files = [listed('pikit-web/index.html', PAGE), listed('helpers/hello', SCRIPT)];

let base = '';
const targets: string[] = [];

beforeEach(() => {
  base = fs.mkdtempSync(join(os.tmpdir(), 'pikit-archive-'));
  fs.mkdirSync(join(base, 'outside'));
  fs.writeFileSync(join(base, 'outside/file'), 'ORIGINAL DATA');
  fs.mkdirSync(join(base, 'cache'));
});

afterEach(() => {
  targets.push(join(base, 'cache'));
});

afterAll(() => {
  // Long after the last rejection: nothing was written late.
  for (const target of targets) {
    expect(fs.existsSync(join(target, 'tree')), target).toBe(false);
    fs.rmSync(join(target, '..'), { recursive: true });
  }
});

/** Every path below `dir` with its type, mode and content. */
function snapshot(dir: string): string[] {
  return fs
    .readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((path) => {
      const stat = fs.lstatSync(join(dir, path));
      return `${path} ${(stat.mode & 0o7777).toString(8)} ${stat.isFile() ? sha256(fs.readFileSync(join(dir, path))) : 'directory'}`;
    });
}

function bundle(bytes: Buffer): string {
  const path = join(base, 'cache/bundle.tar.gz');
  fs.writeFileSync(path, bytes);
  return path;
}

async function unpack(bytes: Buffer, list: readonly ManifestFile[] = files): Promise<Awaited<ReturnType<typeof unpackBundle>>> {
  return await unpackBundle({ bundle: bundle(bytes), files: list, into: join(base, 'cache/tree'), limits });
}

interface Attack {
  name: string;
  bytes: () => Buffer;
  code?: string;
  says?: RegExp;
  files?: readonly ManifestFile[];
}

/** A row whose archive is the good one plus these entries. */
function added(name: string, entry: EntryFields | Buffer, code = 'BUNDLE_INVALID', says?: RegExp): Attack {
  return { name, bytes: () => tarGz([...good, entry]), code, ...(says === undefined ? {} : { says }) };
}

/** A row whose archive has this in place of the page. */
function instead(name: string, entry: EntryFields | (EntryFields | Buffer)[], code = 'BUNDLE_INVALID', says?: RegExp): Attack {
  const entries = Array.isArray(entry) ? entry : [entry];
  return { name, bytes: () => tarGz([manifestEntry, script, ...entries]), code, ...(says === undefined ? {} : { says }) };
}

function raw(...parts: Buffer[]): Buffer {
  return zlib.gzipSync(Buffer.concat(parts));
}

function longName(name: string | Buffer): EntryFields {
  return { name: '././@LongLink', type: 'L', data: name };
}

/** An extended header with exactly these bytes. */
function paxRaw(data: string | Buffer): EntryFields {
  return { name: 'PaxHeader/x', type: 'x', data };
}

/** The beginning of what a Mac keeps beside a file. */
function appleDouble(): Buffer {
  return Buffer.concat([Buffer.from('0005160700020000', 'hex'), Buffer.alloc(100)]);
}

const wrongPaths: Attack[] = [
  ['parent', '../x'],
  ['absolute', '/abs'],
  ['parent-in-the-middle', 'a/../../x'],
  ['parent-back-to-a-listed-file', 'pikit-web/../pikit-web/index.html'],
  ['backslash-parent', '..\\x'],
  ['drive-letter', 'C:/x'],
  ['dot-twice', '././pikit-web/index.html'],
  ['dot-in-the-middle', 'pikit-web/./index.html'],
  ['double-slash', 'pikit-web//index.html'],
  ['other-case', 'pikit-web/Index.html'],
  ['non-normal-form', 'pikit-web/index.html\u0301'],
  ['newline', 'pikit-web/index.html\n'],
  ['escape-sequence', 'pikit-web/\u001b[31mindex.html'],
  ['right-to-left-override', 'pikit-web/\u202elmth.xedni'],
  ['below-a-listed-file', 'pikit-web/index.html/x'],
  ['unlisted', 'pikit-web/evil.html'],
  ['updater-name', 'pikit-web/.pikit-new-1'],
  ['prototype', '__proto__'],
  ['constructor', 'constructor'],
  ['deep', 'd/'.repeat(40) + 'f'],
  ['long-component', 'n'.repeat(99)],
  ['blank', 'pikit-web/index.html '],
  ['empty-with-slash', '/'],
].map(([name = '', path = '']) => added(`path-${name}`, { name: path, data: 'x' }, 'PATH_REFUSED', /does not list/));

const wrongTypes: Attack[] = [
  instead('symlink', { ...page, data: '', type: '2', linkname: '../../outside/file' }, 'BUNDLE_INVALID', /a symbolic link/),
  added('symlink-absolute', { name: 'evil', type: '2', linkname: '/etc/passwd' }, 'BUNDLE_INVALID', /'evil'.*a symbolic link/),
  instead('symlink-then-write-through-it', [{ name: 'pikit-web', type: '2', linkname: '../../outside' }, page]),
  instead('directory-replaced-by-symlink', [
    { name: 'pikit-web/', type: '5', mode: 0o755 },
    { name: 'pikit-web', type: '2', linkname: '../../outside' },
    page,
  ]),
  instead('hardlink', { ...page, data: '', type: '1', linkname: '../../outside/file' }, 'BUNDLE_INVALID', /a hard link/),
  instead('hardlink-absolute', { ...page, data: '', type: '1', linkname: '/etc/passwd' }),
  instead('symlink-chain-and-hardlink', [{ name: 'a', type: '2', linkname: '..' }, { name: 'a/b', type: '1', linkname: 'a/outside/file' }, page]),
  instead('character-device', { ...page, data: '', type: '3' }),
  instead('block-device', { ...page, data: '', type: '4' }),
  instead('fifo', { ...page, data: '', type: '6' }),
  instead('contiguous-file', { ...page, type: '7' }),
  instead('old-file-type', { ...page, type: '\0' }),
  instead('unknown-type-q', { ...page, type: 'Q' }, 'BUNDLE_INVALID', /unknown type 0x51/),
  instead('gnu-sparse', { ...page, type: 'S', size: '77777777777 ' }),
  instead('gnu-dump-directory', { ...page, type: 'D' }),
  instead('gnu-multi-volume', { ...page, type: 'M' }),
  instead('gnu-long-name-of-another-file', [longName('../../outside/file\0'), page], 'PATH_REFUSED', /'\.\.\/\.\.\/outside\/file'/),
  instead('gnu-long-name-twice', [longName('x\0'), longName('pikit-web/index.html\0'), page], 'BUNDLE_INVALID', /behind another one/),
  instead('gnu-long-name-with-nul', [longName('pikit-web/index.html\0/../x\0'), page], 'BUNDLE_INVALID', /NUL in its path/),
  instead('gnu-long-name-empty', [longName('\0'), page], 'BUNDLE_INVALID', /empty path/),
  instead('gnu-long-name-not-utf-8', [longName(Buffer.from([0x70, 0xff, 0])), page], 'BUNDLE_INVALID', /not UTF-8/),
  instead('gnu-long-name-before-a-link', [longName('pikit-web/index.html\0'), { name: 'x', type: '2', linkname: '/etc/passwd' }]),
  instead('gnu-long-name-huge', [{ name: 'L', type: 'L', size: 0o77777777777 }, page], 'BUNDLE_INVALID', /1048576 are allowed/),
  instead('gnu-long-name-at-the-end', [page, longName('x\0')], 'BUNDLE_INVALID', /ends after an extended header/),
  instead('gnu-long-link', [{ name: '././@LongLink', type: 'K', data: '/etc/passwd\0' }, page]),
  instead('file-with-a-link-name', { ...page, linkname: '../../outside/file' }, 'BUNDLE_INVALID', /link target/),
  instead('listed-file-as-directory', { name: 'pikit-web/index.html', type: '5', mode: 0o755 }, 'PATH_REFUSED'),
  added('unlisted-directory', { name: 'pikit-web/cache/', type: '5', mode: 0o755 }, 'PATH_REFUSED'),
  added('directory-with-content', { name: 'pikit-web/', type: '5', mode: 0o755, data: 'x'.repeat(512) }, 'BUNDLE_INVALID', /512 bytes of content/),
];

const extensions: Attack[] = [
  instead('pax-path', [paxEntry({ path: '../../outside/file' }), page], 'PATH_REFUSED', /'\.\.\/\.\.\/outside\/file'/),
  instead('pax-path-in-another-case', [paxEntry({ path: 'pikit-web/Index.html' }), page], 'PATH_REFUSED'),
  instead('pax-path-of-a-listed-file-twice', [paxEntry({ path: 'helpers/hello' }), script], 'BUNDLE_INVALID', /twice/),
  instead('pax-path-empty', [paxEntry({ path: '' }), page], 'BUNDLE_INVALID', /empty path/),
  instead('pax-path-twice', [paxRaw('29 path=pikit-web/index.html\n13 path=../x\n'), page], 'BUNDLE_INVALID', /'path' twice/),
  instead('pax-path-not-utf-8', [paxRaw(Buffer.from('9 path=\xff\n', 'latin1')), page], 'BUNDLE_INVALID', /not UTF-8/),
  instead('pax-linkpath', [paxEntry({ linkpath: '/etc/passwd' }), page]),
  instead('pax-path-with-nul', [paxEntry({ path: 'a\0b' }), page]),
  instead('pax-path-of-digits', [paxEntry({ path: '12345' }), page], 'PATH_REFUSED'),
  instead('pax-size-negative', [paxEntry({ size: '-1' }), page]),
  instead('pax-size-huge', [paxEntry({ size: '9007199254740993' }), page]),
  instead('pax-size-of-another', [paxEntry({ size: String(PAGE.length + 1) }), page], 'BUNDLE_INVALID', /says 17 bytes, and the header itself 16/),
  instead('pax-size-of-fewer', [paxEntry({ size: '0' }), page]),
  instead('pax-type', [paxEntry({ type: 'SymbolicLink' }), page], 'BUNDLE_INVALID', /'type', which is not allowed/),
  instead('pax-charset', [paxEntry({ hdrcharset: 'BINARY' }), page], 'BUNDLE_INVALID', /'hdrcharset'/),
  instead('pax-sparse', [paxEntry({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'x' }), page], 'BUNDLE_INVALID', /'GNU\.sparse/),
  instead('pax-real-size', [paxEntry({ 'SCHILY.realsize': '1' }), page]),
  instead('pax-unknown', [paxEntry({ 'EVIL.key': '1' }), page], 'BUNDLE_INVALID', /'EVIL\.key'/),
  instead('pax-key-that-is-escaped', [paxEntry({ 'a\u202eb': '1' }), page], 'BUNDLE_INVALID', /is not allowed/),
  instead('pax-key-empty', [paxRaw('5 =x\n'), page]),
  instead('pax-xattr-with-records-in-it', [paxEntry({ 'SCHILY.xattr.user.x': 'y\n13 path=../x' }), page], 'BUNDLE_INVALID', /different ways/),
  instead('pax-length-too-long', [paxRaw('99 path=pikit-web/index.html\n'), page], 'BUNDLE_INVALID', /damaged/),
  instead('pax-length-too-short', [paxRaw('10 path=pikit-web/index.html\n'), page], 'BUNDLE_INVALID', /damaged/),
  instead('pax-length-zero', [paxRaw('0 path=x\n'), page], 'BUNDLE_INVALID', /damaged/),
  instead('pax-length-with-zeros', [paxRaw('029 path=pikit-web/index.html\n'), page], 'BUNDLE_INVALID', /damaged/),
  instead('pax-without-a-value', [paxRaw('7 path\n'), page], 'BUNDLE_INVALID', /damaged/),
  instead('pax-without-records', [paxRaw('garbage'), page], 'BUNDLE_INVALID', /damaged/),
  instead('pax-twice', [paxEntry({ mtime: '1' }), paxEntry({ path: 'pikit-web/index.html' }), page], 'BUNDLE_INVALID', /behind another one/),
  instead('pax-before-a-link', [paxEntry({ path: 'pikit-web/index.html' }), { ...page, data: '', type: '2', linkname: '/etc/passwd' }]),
  instead('pax-of-solaris', [tarEntry({ name: 'x', type: 'X', data: '13 path=../x\n' }), page]),
  instead('pax-at-the-end', [page, paxEntry({ mtime: '1' })], 'BUNDLE_INVALID', /ends after an extended header/),
  instead('pax-cut', [page, tarEntry({ name: 'x', type: 'x', size: 100_000 })], 'BUNDLE_INVALID', /inside an extended header/),
  instead('pax-huge', [tarEntry({ name: 'x', type: 'x', size: 0o77777777777 }), page], 'BUNDLE_INVALID', /1048576 are allowed/),
  instead('pax-global-path', [paxEntry({ path: '../x' }, 'g'), page], 'BUNDLE_INVALID', /'path', which is not allowed there/),
  instead('pax-global-size', [paxEntry({ size: '16' }, 'g'), page], 'BUNDLE_INVALID', /'size', which is not allowed there/),
  instead('pax-global-17-times', [...Array<Buffer>(17).fill(paxEntry({ comment: 'x' }, 'g')), page], 'BUNDLE_INVALID', /too many/),
  instead('pax-global-behind-another', [paxEntry({ mtime: '1' }), paxEntry({ comment: 'x' }, 'g'), page], 'BUNDLE_INVALID', /behind another/),
  added('attributes-of-what-is-not-listed', { name: 'pikit-web/._evil', data: appleDouble() }, 'PATH_REFUSED', /'pikit-web\/\._evil'/),
  added('attributes-that-are-none', { name: 'pikit-web/._index.html', data: '#!/bin/sh\n' }, 'PATH_REFUSED', /'pikit-web\/\._index\.html'/),
  added('attributes-empty', { name: 'pikit-web/._index.html' }, 'PATH_REFUSED'),
  instead(
    'attributes-twice',
    [page, ...Array<EntryFields>(2).fill({ name: 'pikit-web/._index.html', data: appleDouble() })],
    'BUNDLE_INVALID',
    /twice/,
  ),
  instead('pax-before-gnu-long-name', [paxEntry({ size: '0' }), { name: 'L', type: 'L', data: 'x' }, page]),
  { name: 'pax-100000-empty', bytes: () => raw(...Array<Buffer>(100_000).fill(tarEntry({ name: 'x', type: 'x' }))), code: 'BUNDLE_INVALID' },
];

const wrongFields: Attack[] = [
  instead('duplicate', [page, page], 'BUNDLE_INVALID', /twice/),
  instead('duplicate-through-dot', [page, { ...page, name: './pikit-web/index.html' }], 'BUNDLE_INVALID', /twice/),
  added('manifest-twice', manifestEntry, 'BUNDLE_INVALID', /twice/),
  instead('name-with-nul', { ...page, name: 'pikit-web/index.html\0/../../../outside/file' }, 'BUNDLE_INVALID', /NUL/),
  instead('name-empty', { ...page, name: '' }, 'PATH_REFUSED'),
  instead('name-invalid-utf-8', { ...page, name: Buffer.from([0x70, 0xff, 0xfe]) }, 'PATH_REFUSED'),
  instead('prefix-escapes', { ...page, name: 'index.html', prefix: '../pikit-web' }, 'PATH_REFUSED'),
  instead('size-negative-base-256', { ...page, size: Buffer.alloc(12, 0xff) }),
  instead(
    'size-base-256',
    { ...page, size: Buffer.concat([Buffer.from([0x80]), Buffer.alloc(10), Buffer.from([PAGE.length])]) },
    'BUNDLE_INVALID',
    /octal/,
  ),
  instead('size-base-256-invalid', { ...page, size: Buffer.alloc(12, 0xc0) }, 'BUNDLE_INVALID', /cannot be read/),
  instead('size-not-octal', { ...page, size: '9999' }),
  instead('size-empty', { ...page, size: Buffer.alloc(12) }),
  instead('size-8-gib', { ...page, size: '77777777777\0' }, 'SIZE_MISMATCH'),
  instead('checksum-wrong', { ...page, checksumError: 1 }, 'BUNDLE_INVALID', /checksum/),
  instead(
    'content-differs',
    { ...page, data: PAGE.replace('html', 'HTML') },
    'DIGEST_MISMATCH',
    /pikit-web\/index\.html.*expected [0-9a-f]{64}, got [0-9a-f]{64}/,
  ),
  instead('content-longer', { ...page, data: `${PAGE}x` }, 'SIZE_MISMATCH', /expected 16, got 17/),
  instead('content-empty', { ...page, data: '' }, 'SIZE_MISMATCH'),
];

const goodTar = Buffer.concat(good.map((entry) => tarEntry(entry)));
const goodGz = tarGz(good);
/** What a header has behind its ten bytes for a flag, well-formed: its own checksum (wrong), an extra field, a comment. */
const HEADER_FIELD: Readonly<Record<number, Buffer>> = { 2: Buffer.from([0, 0]), 4: Buffer.from([2, 0, 1, 2]), 16: Buffer.from('hi\0') };
const wrongFrames: Attack[] = [
  { name: 'no-files', bytes: () => tarGz([manifestEntry]), says: /has no 'pikit-web\/index\.html'/ },
  { name: 'one-file-missing', bytes: () => tarGz([manifestEntry, page]), says: /has no 'helpers\/hello'/ },
  { name: 'end-missing', bytes: () => raw(goodTar), says: /without an end-of-archive/ },
  { name: 'end-half', bytes: () => raw(goodTar, Buffer.alloc(512)), says: /half an end-of-archive/ },
  { name: 'null-block-then-entry', bytes: () => raw(goodTar, Buffer.alloc(512), tarEntry(page), END_OF_ARCHIVE), says: /half/ },
  { name: 'entry-after-end', bytes: () => raw(goodTar, END_OF_ARCHIVE, tarEntry({ name: 'x' }), END_OF_ARCHIVE), says: /data after/ },
  { name: 'garbage-after-end', bytes: () => raw(goodTar, END_OF_ARCHIVE, Buffer.from('x')), says: /data after/ },
  { name: 'gzip-trailing-garbage', bytes: () => Buffer.concat([goodGz, Buffer.from('garbage')]), says: /after the end of its gzip data/ },
  { name: 'gzip-trailing-zeros', bytes: () => Buffer.concat([goodGz, Buffer.alloc(512)]), says: /after the end of its gzip data/ },
  { name: 'gzip-two-members', bytes: () => Buffer.concat([goodGz, goodGz]), says: /after the end of its gzip data/ },
  { name: 'gzip-empty-member-first', bytes: () => Buffer.concat([zlib.gzipSync(''), goodGz]), says: /after the end of its gzip data/ },
  { name: 'gzip-empty-member-last', bytes: () => Buffer.concat([goodGz, zlib.gzipSync('')]), says: /after the end of its gzip data/ },
  { name: 'gzip-split-in-members', bytes: () => Buffer.concat([zlib.gzipSync(goodTar), zlib.gzipSync(END_OF_ARCHIVE)]) },
  { name: 'gzip-trailing-garbage-long', bytes: () => Buffer.concat([goodGz, Buffer.alloc(1_000_000, 1)]), says: /after the end/ },
  { name: 'gzip-truncated', bytes: () => goodGz.subarray(0, -20) },
  { name: 'gzip-cut-in-trailer', bytes: () => goodGz.subarray(0, -1) },
  { name: 'gzip-crc-wrong', bytes: () => Buffer.from(goodGz).fill(0, goodGz.length - 8, goodGz.length - 4), says: /crc of the bundle mismatch/ },
  { name: 'gzip-length-wrong', bytes: () => Buffer.from(goodGz).fill(0, goodGz.length - 4), says: /unpacked length/ },
  { name: 'gzip-flipped-bit', bytes: () => Buffer.from(goodGz).fill((goodGz[60] ?? 0) ^ 1, 60, 61) },
  { name: 'gzip-header-only', bytes: () => goodGz.subarray(0, 10), says: /ends inside its gzip header/ },
  ...[1, 2, 4, 16, 32].map((flag) => ({
    name: `gzip-header-flag-${String(flag)}`,
    bytes: () =>
      Buffer.concat([goodGz.subarray(0, 3), Buffer.from([flag]), goodGz.subarray(4, 10), HEADER_FIELD[flag] ?? Buffer.alloc(0), goodGz.subarray(10)]),
    says: new RegExp(`flags 0x${flag.toString(16)},`),
  })),
  { name: 'gzip-of-nothing', bytes: () => zlib.gzipSync('') },
  { name: 'tar-cut-in-a-header', bytes: () => raw(goodTar.subarray(0, 700)) },
  { name: 'tar-cut-in-a-file', bytes: () => raw(goodTar.subarray(0, 1500), Buffer.alloc(20)) },
  { name: 'empty-file', bytes: () => Buffer.alloc(0), says: /not a gzip file/ },
  { name: 'random-bytes', bytes: () => Buffer.alloc(5000, 0xa7), says: /not a gzip file/ },
  { name: 'random-bytes-in-gzip', bytes: () => raw(Buffer.alloc(5120, 0xa7)) },
  { name: 'plain-tar', bytes: () => Buffer.concat([goodTar, END_OF_ARCHIVE]), says: /not a gzip file/ },
  { name: 'xz', bytes: () => Buffer.concat([Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), goodTar]), says: /not a gzip file/ },
  { name: 'zstd', bytes: () => Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), goodTar]), says: /not a gzip file/ },
  { name: 'bzip2', bytes: () => Buffer.concat([Buffer.from('BZh9'), goodTar]), says: /not a gzip file/ },
  { name: 'brotli', bytes: () => zlib.brotliCompressSync(goodTar), says: /not a gzip file/ },
  { name: 'bomb-in-the-padding', bytes: () => raw(goodTar, Buffer.alloc(200_000_000)), says: /unpacks to more than/ },
  {
    name: 'bomb-in-a-file',
    bytes: () => raw(tarEntry({ name: 'pikit-web/index.html', data: Buffer.alloc(200_000_000) }), END_OF_ARCHIVE),
    files: [{ path: 'pikit-web/index.html', sha256: sha256(''), config: false }],
    says: /unpacks to more than the 67108864 bytes/,
  },
  { name: 'entries-20000', bytes: () => raw(...Array.from({ length: 20_000 }, (_, i) => tarEntry({ name: `f${String(i)}` }))), code: 'PATH_REFUSED' },
  { name: 'manifest-lists-itself', bytes: () => goodGz, files: [...files, listed('manifest.json', 'x')], code: 'PATH_REFUSED' },
  { name: 'manifest-too-large', bytes: () => tarGz([{ name: 'manifest.json', size: 9_000_000 }]), says: /9000000 bytes, 8388608/ },
];

describe('unpackBundle refuses, and leaves nothing behind', () => {
  it.each([...wrongPaths, ...wrongTypes, ...extensions, ...wrongFields, ...wrongFrames])('$name', async (attack) => {
    const bytes = attack.bytes();
    bundle(bytes);
    const before = snapshot(base);
    await expect(unpack(bytes, attack.files)).rejects.toMatchObject({
      name: 'UpdateError',
      code: attack.code ?? 'BUNDLE_INVALID',
      message: matching(attack.says ?? /./),
    });
    expect(snapshot(base)).toEqual(before);
  });
});

describe('unpackBundle', () => {
  const tree = (): string => join(base, 'cache/tree');
  const done = (): void => {
    fs.rmSync(tree(), { recursive: true });
  };

  it('writes exactly the listed files, whatever the umask', async () => {
    const umask = process.umask(0o077);
    try {
      const result = await unpack(goodGz);
      expect(result).toEqual({ manifestBytes: Buffer.from('{"schema":1}\n'), bytes: PAGE.length + SCRIPT.length });
    } finally {
      process.umask(umask);
    }
    expect(snapshot(tree())).toEqual([
      'helpers 755 directory',
      `helpers/hello 755 ${sha256(SCRIPT)}`,
      'pikit-web 755 directory',
      `pikit-web/index.html 644 ${sha256(PAGE)}`,
    ]);
    expect((fs.statSync(tree()).mode & 0o7777).toString(8)).toBe('755');
    done();
  });

  it('takes modes from the manifest, not from the archive', async () => {
    await unpack(
      tarGz([
        { ...page, mode: 0o755 },
        { ...script, mode: 0o755 },
      ]),
      [listed('pikit-web/index.html', PAGE, { mode: '0600' }), listed('helpers/hello', SCRIPT, { mode: '0644' })],
    );
    expect(snapshot(tree()).filter((line) => !line.endsWith('directory'))).toEqual([
      `helpers/hello 644 ${sha256(SCRIPT)}`,
      `pikit-web/index.html 600 ${sha256(PAGE)}`,
    ]);
    done();
  });

  it.each([
    [
      'leading-dot-and-directories',
      [{ name: './', type: '5', mode: 0o755 }, { name: './pikit-web/', type: '5', mode: 0o755 }, { ...page, name: './pikit-web/index.html' }, script],
    ],
    ['root-without-a-name', [{ name: '/', type: '5', mode: 0o755 }, page, script]],
    ['dot-directory', [{ name: '.', type: '5', mode: 0o755 }, page, script]],
    ['gnu-magic', [{ ...page, magic: 'ustar  \0' }, script]],
    [
      'huge-owner-and-time',
      [{ ...page, uid: Buffer.from([0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), mtime: Buffer.from([0x80, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]) }, script],
    ],
    ['name-split-into-prefix', [{ ...page, name: 'index.html', prefix: 'pikit-web' }, script]],
    ['size-with-blanks', [{ ...page, size: `${PAGE.length.toString(8).padStart(10)} \0` }, script]],
    ['long-name-of-gnu', [longName('pikit-web/index.html\0'), { ...page, name: 'pikit-web/ind' }, script]],
    ['long-name-without-its-nul', [longName('./pikit-web/index.html'), { ...page, name: 'x' }, script]],
    ['long-name-of-a-folder', [longName('./pikit-web/\0'), { name: 'x', type: '5', mode: 0o775 }, page, script]],
    ['pax-path', [paxRaw('29 path=pikit-web/index.html\n'), { ...page, name: 'p' }, script]],
    ['pax-path-with-a-dot', [paxRaw('31 path=./pikit-web/index.html\n'), { ...page, name: 'p', prefix: 'PaxHeaders' }, script]],
    ['pax-of-a-folder', [paxRaw('19 path=pikit-web/\n'), { name: 'x', type: '5', mode: 0o775 }, page, script]],
    ['pax-size-that-is-right', [paxRaw(`11 size=${String(PAGE.length)}\n`), page, script]],
    ['attributes-of-a-mac', [page, { name: 'pikit-web/._index.html', data: appleDouble() }, script, { name: './._pikit-web', data: appleDouble() }]],
    ['attributes-of-the-root', [{ name: './._.', data: appleDouble() }, page, script]],
  ] satisfies [string, EntryFields[]][])('accepts %s', async (_name, entries) => {
    expect(await unpack(tarGz(entries))).toEqual({ manifestBytes: null, bytes: PAGE.length + SCRIPT.length });
    done();
  });

  it.each([
    ['group-writable', 0o664],
    ['world-writable', 0o666],
    ['set-uid', 0o4755],
    ['set-gid', 0o2755],
    ['sticky', 0o1777],
    ['none', 0],
  ])('gives no file the mode that the archive has: %s', async (_name, mode) => {
    await unpack(
      tarGz([
        { name: './', type: '5', mode: 0o7777 },
        { name: 'pikit-web/', type: '5', mode: 0o2775 },
        { ...page, mode },
        { ...script, mode },
      ]),
    );
    expect(snapshot(tree()).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'helpers 755',
      'helpers/hello 755',
      'pikit-web 755',
      'pikit-web/index.html 644',
    ]);
    done();
  });

  it.each([
    ['times', { mtime: '1700000000.123456789', atime: '-1.5', ctime: '1' }],
    ['owners', { uid: '4294967294', gid: '5000000000', uname: 'gr\u00fcn', gname: '' }],
    ['comment', { comment: 'of a commit' }],
    ['attributes-of-a-mac', { 'LIBARCHIVE.creationtime': '1', 'LIBARCHIVE.xattr.com.apple.provenance': 'AQIA', 'SCHILY.fflags': 'hidden' }],
    ['attributes-of-linux', { 'SCHILY.xattr.user.x': 'a\nb=c\0\n', 'SCHILY.acl.access': 'user::rw-', 'RHT.security.selinux': 'x\0' }],
    ['capability', { 'SCHILY.xattr.security.capability': '\u0001\0\0' }],
    ['links', { 'SCHILY.dev': '1', 'SCHILY.ino': '2', 'SCHILY.nlink': '1' }],
  ])('reads over what a pax header says of %s', async (_name, records) => {
    await unpack(tarGz([paxEntry({ comment: 'c0ffee' }, 'g'), manifestEntry, paxEntry(records), page, paxEntry(records), script]));
    done();
  });

  it('accepts attributes in bytes that are no text', async () => {
    const value = Buffer.from([0xff, 0x0a, 0x00, 0x3d, 0x31]);
    const key = ' SCHILY.xattr.user.x=';
    const body = Buffer.concat([Buffer.from(String(key.length + value.length + 3)), Buffer.from(key), value, Buffer.from('\n')]);
    await unpack(tarGz([paxRaw(body), page, script]));
    done();
  });

  it('says that a name is there in another normal form', async () => {
    const bytes = tarGz([page, { name: 'pikit-web/gru\u0308n', data: PAGE }]);
    await expect(unpack(bytes, [files[0] ?? listed('', ''), listed('pikit-web/gr\u00fcn', PAGE)])).rejects.toMatchObject({
      code: 'PATH_REFUSED',
      message: containing("but the same name in Unicode's normal form C"),
      hint: containing('Packing by hand'),
    });
  });

  it('tells how to pack files that share their bytes', async () => {
    await expect(unpack(tarGz([page, { ...script, data: '', type: '1', linkname: 'pikit-web/index.html' }]))).rejects.toMatchObject({
      message: containing("'helpers/hello' is refused: it is a hard link"),
      hint: containing('--hard-dereference'),
    });
  });

  it('accepts what GNU tar writes, names and padding included', async () => {
    const { execFileSync } = await import('node:child_process');
    for (const [path, data] of [
      ['pikit-web/index.html', PAGE],
      ['helpers/hello', SCRIPT],
    ] as const) {
      fs.mkdirSync(join(base, 'in', path, '..'), { recursive: true });
      fs.writeFileSync(join(base, 'in', path), data);
    }
    execFileSync('tar', ['-czf', join(base, 'gnu.tar.gz'), '--mode=go-w', '-C', join(base, 'in'), '.']);
    await unpack(fs.readFileSync(join(base, 'gnu.tar.gz')));
    done();
  });

  it('accepts a gzip header with a file name', async () => {
    const named = Buffer.concat([goodGz.subarray(0, 3), Buffer.from([8]), goodGz.subarray(4, 10), Buffer.from('bundle.tar\0'), goodGz.subarray(10)]);
    await unpack(named);
    done();
  });

  it('works without sizes in the manifest', async () => {
    await unpack(
      goodGz,
      files.map(({ path, sha256: digest, config }) => ({ path, sha256: digest, config })),
    );
    done();
  });

  it('refuses a target that exists, and leaves it alone', async () => {
    fs.mkdirSync(tree());
    fs.writeFileSync(join(tree(), 'mine'), 'kept');
    await expect(unpack(goodGz)).rejects.toMatchObject({ code: 'IO_ERROR', message: containing('exists already') });
    expect(fs.readFileSync(join(tree(), 'mine'), 'utf8')).toBe('kept');
    done();
  });

  it('refuses a symlink as target or as bundle', async () => {
    fs.symlinkSync(join(base, 'outside'), tree());
    await expect(unpack(goodGz)).rejects.toMatchObject({ code: 'IO_ERROR' });
    fs.rmSync(tree());
    fs.symlinkSync(bundle(goodGz), join(base, 'link'));
    await expect(unpackBundle({ bundle: join(base, 'link'), files, into: tree(), limits })).rejects.toMatchObject({ code: 'ELOOP' });
    expect(snapshot(join(base, 'outside'))).toHaveLength(1);
  });

  it('reports progress in compressed bytes up to the whole bundle', async () => {
    const seen: [number, number][] = [];
    await unpackBundle({
      bundle: bundle(goodGz),
      files,
      into: tree(),
      limits,
      onProgress: (doneBytes, totalBytes) => seen.push([doneBytes, totalBytes]),
    });
    expect(seen.at(-1)).toEqual([goodGz.length, goodGz.length]);
    done();
  });

  it.each(['before', 'in the middle'])('stops when it is cancelled %s', async (when) => {
    const data = Buffer.alloc(8 * 1024 * 1024, 'random');
    const stop = new AbortController();
    if (when === 'before') stop.abort();
    const request = {
      bundle: bundle(tarGz([{ name: 'pikit-web/big', data }])),
      files: [listed('pikit-web/big', data)],
      into: tree(),
      limits,
      signal: stop.signal,
      onProgress: () => {
        stop.abort();
      },
    };
    await expect(unpackBundle(request)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(fs.existsSync(tree())).toBe(false);
  });
});

describe('inspectBundle', () => {
  it('finds nothing wrong with a good bundle', async () => {
    expect(await inspectBundle({ bundle: bundle(goodGz), files, limits })).toMatchObject({ problems: [], bytes: PAGE.length + SCRIPT.length });
  });

  it('lists every difference, not only the first', async () => {
    const bytes = tarGz([
      { ...page, data: 'other' },
      { name: 'stray', data: 'x' },
    ]);
    const { problems } = await inspectBundle({ bundle: bundle(bytes), files, limits });
    expect(problems.map(({ code }) => code)).toEqual(['SIZE_MISMATCH', 'DIGEST_MISMATCH', 'PATH_REFUSED', 'BUNDLE_INVALID']);
  });

  it('gives up on an archive of strays', async () => {
    const bytes = raw(...Array.from({ length: 5000 }, (_, i) => tarEntry({ name: `f${String(i)}` })));
    await expect(inspectBundle({ bundle: bundle(bytes), files, limits })).rejects.toMatchObject({ message: containing('far more entries') });
  });
});

describe('packBundle', () => {
  const source = (path: string, data: string | Buffer): { path: string; mode: number; size: number; sha256: string; source: string } => {
    const file = join(base, `in-${path.replaceAll('/', '-').slice(-60)}`);
    fs.writeFileSync(file, data);
    return { path, mode: 0o644, size: Buffer.byteLength(data), sha256: sha256(data), source: file };
  };
  const pack = async (packed: ReturnType<typeof source>[], out = 'out.tar.gz'): Promise<{ size: number; sha256: string }> =>
    await packBundle({ out: join(base, out), manifestBytes: Buffer.from('{}'), files: packed });

  it('makes the same bytes from the same input, in any order, and says what they are', async () => {
    const [a, b] = [source('a', 'A'.repeat(200_000)), source('b/c', '')];
    const first = await pack([a, b], 'first');
    fs.utimesSync(a.source, 1, 1);
    const second = await pack([b, a], 'second');
    expect(second).toEqual(first);
    const bytes = fs.readFileSync(join(base, 'first'));
    expect(bytes.equals(fs.readFileSync(join(base, 'second')))).toBe(true);
    expect(first).toEqual({ size: bytes.length, sha256: sha256(bytes) });
    expect(bytes.subarray(4, 8)).toEqual(Buffer.alloc(4));
  });

  it('writes what unpackBundle and GNU tar read', async () => {
    const { execFileSync } = await import('node:child_process');
    const long = `${'d'.repeat(60)}/${'e'.repeat(60)}/${'f'.repeat(60)}/${'g'.repeat(16)}`;
    const packed = [source(long, 'long'), source('pikit-web/index.html', PAGE), source('x'.repeat(99), 'long')];
    await pack(packed);
    const out = join(base, 'out.tar.gz');
    expect(execFileSync('tar', ['-tzf', out], { encoding: 'utf8' }).trim().split('\n')).toEqual([
      'manifest.json',
      long,
      'pikit-web/index.html',
      'x'.repeat(99),
    ]);
    const list = packed.map(({ path, size, sha256: digest }) => ({ path, size, sha256: digest, config: false }));
    await unpackBundle({ bundle: out, files: list, into: join(base, 'cache/tree'), limits });
    fs.rmSync(join(base, 'cache/tree'), { recursive: true });
  });

  it.each([
    [
      'vanished',
      (path: string) => {
        fs.rmSync(path);
      },
    ],
    [
      'is shorter',
      (path: string) => {
        fs.truncateSync(path, 1);
      },
    ],
    [
      'is longer',
      (path: string) => {
        fs.appendFileSync(path, 'x');
      },
    ],
    [
      'has other content',
      (path: string) => {
        fs.writeFileSync(path, 'HELLO');
      },
    ],
    [
      'became a symlink',
      (path: string) => {
        fs.rmSync(path);
        fs.symlinkSync('/etc/passwd', path);
      },
    ],
  ])('refuses a file that %s, and leaves no bundle', async (how, change) => {
    const file = source('a', 'hello');
    change(file.source);
    await expect(pack([file])).rejects.toMatchObject({ code: 'INPUT_REFUSED', message: matching(`'${file.source}' ${how}`) });
    expect(fs.existsSync(join(base, 'out.tar.gz'))).toBe(false);
  });

  it('writes names that need more than a plain header, for us and for GNU tar', async () => {
    const { execFileSync } = await import('node:child_process');
    const names = [
      'x'.repeat(255),
      `${'d'.repeat(200)}/${'e'.repeat(200)}/f`,
      'a b/[id] (1), ~x=1;y & z!@%41.js',
      'gr\u00fc\u00dfe/文.txt',
      `文${'n'.repeat(98)}`,
    ].toSorted();
    const packed = names.map((name) => source(name, name));
    const first = await pack(packed, 'first');
    expect(await pack(packed.toReversed(), 'second')).toEqual(first);
    const out = join(base, 'first');
    expect(execFileSync('tar', ['-tzf', out, '--quoting-style=literal'], { encoding: 'utf8' }).trim().split('\n')).toEqual([
      'manifest.json',
      ...names,
    ]);
    const list = packed.map(({ path, size, sha256: digest }) => ({ path, size, sha256: digest, config: false }));
    await unpackBundle({ bundle: out, files: list, into: join(base, 'cache/tree'), limits });
    for (const name of names) expect(fs.readFileSync(join(base, 'cache/tree', name), 'utf8')).toBe(name);
    fs.rmSync(join(base, 'cache/tree'), { recursive: true });
  });

  it('refuses a file of 8 GiB', async () => {
    const huge = { ...source('huge', ''), size: 8 * 1024 ** 3 };
    await expect(pack([huge])).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      message: "'huge' has 8589934592 bytes, a file of a release may have 8 GiB",
    });
  });

  it('never replaces a file', async () => {
    fs.writeFileSync(join(base, 'out.tar.gz'), 'mine');
    await expect(pack([])).rejects.toMatchObject({ code: 'EEXIST' });
    expect(fs.readFileSync(join(base, 'out.tar.gz'), 'utf8')).toBe('mine');
  });

  it('stops when it is cancelled', async () => {
    const out = join(base, 'out.tar.gz');
    await expect(packBundle({ out, manifestBytes: Buffer.from('{}'), files: [], signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(fs.existsSync(out)).toBe(false);
  });
});
