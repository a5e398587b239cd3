/**
 * Reads the folder a release is built from. Only plain files with safe names get in; a link, a device or a name that a device
 * would refuse is refused here, by name, before anything is written. What does not belong into a release is in unwanted.ts.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import { MAX_FILES } from '../../core/release/manifest.ts';
import { assertDistinctPaths, quotable, releasePathProblem } from '../../core/release/release-path.ts';
import type { PackFile } from '../../io/bundle/pack-source.ts';
import { commandNotices } from './common-commands.ts';
import { USUAL_PLACES, isUsualPlace } from './package-name.ts';
import { isIncluded, isPrivateKey, matchesInclude, unwantedName } from './unwanted-files.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const CHUNK_BYTES = 256 * 1024;
/** A key stands at the beginning of its file; a page that only speaks of keys does not begin so. */
const KEY_BYTES = 40;
const RESERVED = 'manifest.json';
const SET_ID_OR_STICKY = 0o7000;
const OWNER_EXECUTES = 0o100;

export interface Tree {
  /** Sorted by path; modes are 0755 for what its owner may execute, else 0644. */
  files: PackFile[];
  /** What was left out, or may be a surprise. */
  notices: string[];
}

/** A folder that is being read. */
interface Reading {
  root: string;
  include: readonly string[];
  tree: Tree;
  /** Paths that `--include` let in. */
  included: string[];
  /** What is to be read once all names are known. */
  found: { path: string; stat: fs.Stats }[];
}

/**
 * Reads and hashes every file below `dir`, never through a symlink. Throws PATH_REFUSED for a name that a release cannot have,
 * INPUT_REFUSED for everything else that cannot be released, naming the path and what is allowed.
 */
export function readTree(dir: string, include: readonly string[] = []): Tree {
  if (!isDirectory(dir)) throw new UpdateError('INPUT_REFUSED', `'${dir}' is not a folder`);
  const tree: Tree = { files: [], notices: [] };
  const reading: Reading = { root: dir, include, tree, included: [], found: [] };
  readDirectory(reading, '');
  assertAllUsed(reading);
  assertNotTooMany(reading.found.length);
  for (const { path, stat } of reading.found) tree.files.push(readFile(reading, path, stat));
  if (tree.files.length === 0) throw new UpdateError('INPUT_REFUSED', `'${dir}' has no files`, { hint: 'a release needs at least one file' });
  assertDistinctPaths(tree.files.map((file) => file.path));
  tree.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  tree.notices.push(...strayNotices(tree.files), ...commandNotices(tree.files.map((file) => file.path)));
  return tree;
}

/** Before a file is read: with so many it takes a while to find out what no device would install. */
function assertNotTooMany(count: number): void {
  if (count <= MAX_FILES) return;
  throw new UpdateError('INPUT_REFUSED', `${String(count)} files are too many for one release: at most ${String(MAX_FILES)} are allowed`, {
    hint: 'leave out what a device does not need, such as sources and source maps',
  });
}

function isDirectory(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function readDirectory(reading: Reading, dir: string): void {
  const { root, tree } = reading;
  const names = attempt(join(root, dir), () => fs.readdirSync(join(root, dir)));
  if (names.length === 0 && dir !== '') tree.notices.push(`'${dir}' is empty and left out: a release consists of files`);
  for (const name of names) {
    const path = dir === '' ? name : `${dir}/${name}`;
    if (isLeftOut(reading, path, name)) continue;
    const problem = releasePathProblem(path);
    if (problem !== null) throw new UpdateError('PATH_REFUSED', `'${quotable(path)}' cannot be in a release: ${problem}`, { hint: renameHint(path) });
    if (path === RESERVED) throw refused(path, 'that name belongs to the manifest of the release', 'rename it, or leave it out');
    if (name.startsWith('.') && name !== '.well-known' && !isIncluded(path, reading.include))
      tree.notices.push(`'${path}' starts with a dot, and will be published`);
    const stat = attempt(join(root, path), () => fs.lstatSync(join(root, path)));
    if (stat.isDirectory()) readDirectory(reading, path);
    else reading.found.push({ path, stat });
  }
}

/** Junk is left out with a notice. Throws INPUT_REFUSED for what looks like a secret; nothing of either that `--include` names. */
function isLeftOut({ include, included, tree }: Reading, path: string, name: string): boolean {
  const unwanted = unwantedName(name);
  if (isIncluded(path, include)) {
    included.push(path);
    return false;
  }
  if (unwanted === null) return false;
  if (unwanted.is === 'secret') throw secret(path, unwanted.why);
  tree.notices.push(`'${quotable(path)}' is left out: ${unwanted.why} (--include ${quotable(name)} lets it in)`);
  return true;
}

function secret(path: string, why: string): UpdateError {
  return refused(
    quotable(path),
    `anyone could read it, and ${why}`,
    `take it out of the folder; or, if it is meant to be public: --include ${quotable(path)}`,
  );
}

function assertAllUsed({ include, included }: Reading): void {
  for (const pattern of include) {
    if (included.some((path) => matchesInclude(path, pattern))) continue;
    throw new UpdateError('INPUT_REFUSED', `--include '${pattern}' names nothing in the folder`, {
      hint: 'give a name (.env, *.pem) or a path from the top of the folder (pikit-web/node_modules)',
    });
  }
}

/** A Mac takes letters apart, and a whole folder of such names is put right by one command. */
function renameHint(path: string): string {
  return path === path.normalize('NFC')
    ? 'rename it, or leave it out'
    : 'rename it; for a whole folder: convmv -f utf8 -t utf8 --nfc -r --notest FOLDER';
}

function readFile({ root, include, tree: { notices } }: Reading, path: string, stat: fs.Stats): PackFile {
  const source = join(root, path);
  if (!stat.isFile())
    throw refused(path, `it is ${typeOf(stat)}`, 'only plain files and folders are allowed: put a copy of the file there, or leave it out');
  if ((stat.mode & SET_ID_OR_STICKY) !== 0) {
    throw refused(
      path,
      `its mode is ${(stat.mode & 0o7777).toString(8)}`,
      'files in a release are 0644 or 0755, without set-id or sticky bits (chmod ug-s,-t)',
    );
  }
  const content = attempt(source, () => hashContent(source));
  if (content.isKey && !isIncluded(path, include)) throw secret(path, 'it holds a private key');
  const executable = (stat.mode & OWNER_EXECUTES) !== 0;
  if (content.isScript && !executable) notices.push(`'${path}' starts with #! but is not executable, and will be installed with mode 0644`);
  return { path, source, mode: executable ? 0o755 : 0o644, size: content.size, sha256: content.sha256 };
}

function hashContent(source: string): { size: number; sha256: string; isScript: boolean; isKey: boolean } {
  const fd = fs.openSync(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let size = 0;
    let isScript = false;
    let isKey = false;
    for (;;) {
      const count = fs.readSync(fd, buffer, 0, buffer.length, null);
      if (count === 0) return { size, sha256: hash.digest('hex'), isScript, isKey };
      if (size === 0) {
        isScript = buffer.toString('latin1', 0, Math.min(count, 2)) === '#!';
        isKey = isPrivateKey(buffer.toString('latin1', 0, Math.min(count, KEY_BYTES)));
      }
      size += count;
      hash.update(buffer.subarray(0, count));
    }
  } finally {
    fs.closeSync(fd);
  }
}

function typeOf(stat: fs.Stats): string {
  if (stat.isSymbolicLink()) return 'a symlink';
  if (stat.isFIFO()) return 'a fifo';
  if (stat.isSocket()) return 'a socket';
  return 'a device';
}

function refused(path: string, why: string, hint: string): UpdateError {
  return new UpdateError('INPUT_REFUSED', `'${path}' cannot be in a release: ${why}`, { hint });
}

/** Explains the two things that go wrong while a folder is read; any other error passes. */
function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') {
      throw new UpdateError('INPUT_REFUSED', `'${path}' vanished or changed its type while it was read`, {
        cause: error,
        hint: 'build from a folder that nothing writes to',
      });
    }
    if (errno === 'EACCES' || errno === 'EPERM') {
      throw new UpdateError('INPUT_REFUSED', `'${path}' cannot be read: permission denied`, {
        cause: error,
        hint: 'make it readable, or leave it out',
      });
    }
    throw error;
  }
}

/** One notice for each top-level name that no device knows what to do with by default. */
function strayNotices(files: readonly PackFile[]): string[] {
  const strays = new Set(files.filter((file) => !isUsualPlace(file.path)).map((file) => file.path.replace(/\/.*/, '/')));
  return [...strays].map((name) => `'${name}' is outside ${USUAL_PLACES.join(', ')}: devices refuse the release unless a [[target]] covers it`);
}
