/** Whole directory trees for tests: written from a table, read back as one, doubled by hard links. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';

export interface TreeFile {
  text: string;
  mode?: number;
}

/** Path (absolute below the root) to content; null is a directory. */
export type Tree = Readonly<Record<string, string | TreeFile | null>>;

/** Path to one line: type, mode, owner, and what it holds. */
export type Snapshot = Record<string, string>;

/** A directory of its own, in memory where the system has such a place: thousands of runs would wear out a disk. */
export function tempDir(): string {
  const base = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
  return fs.mkdtempSync(join(base, 'pikit-test-'));
}

export function removeDir(dir: string): void {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) removeDir(`${dir}/${entry.name}`);
    else fs.unlinkSync(`${dir}/${entry.name}`);
  }
  fs.rmdirSync(dir);
}

/** Writes a tree; missing directories are 0755. */
export function writeTree(root: string, tree: Tree): void {
  for (const [path, entry] of Object.entries(tree)) {
    if (entry === null) {
      makeDirs(join(root, path));
      continue;
    }
    const file = typeof entry === 'string' ? { text: entry } : entry;
    makeDirs(dirname(join(root, path)));
    fs.writeFileSync(join(root, path), file.text);
    fs.chmodSync(join(root, path), file.mode ?? 0o644);
  }
}

function makeDirs(dir: string): void {
  if (fs.existsSync(dir)) return;
  makeDirs(dirname(dir));
  fs.mkdirSync(dir);
  fs.chmodSync(dir, 0o755);
}

/** Everything below the root, but for some directories. */
export function snapshot(root: string, except: readonly string[] = []): Snapshot {
  const found: Snapshot = {};
  const visit = (dir: string): void => {
    for (const name of fs.readdirSync(root + dir).sort()) {
      const path = `${dir}/${name}`;
      const stat = fs.lstatSync(root + path);
      found[path] = describe(root + path, stat);
      if (stat.isDirectory()) visit(path);
    }
  };
  visit('');
  return except.length === 0 ? found : without(found, except);
}

/** Inode, change time and size of everything below the root: equal when nothing has touched it. */
export function fingerprint(root: string): string[] {
  return fs.readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    const path = `${root}/${entry.name}`;
    const { ino, ctimeMs, mtimeMs, size, mode } = fs.lstatSync(path);
    return [[path, ino, ctimeMs, mtimeMs, size, mode].join(' '), ...(entry.isDirectory() ? fingerprint(path) : [])];
  });
}

/** A snapshot without some directories and all that is in them. */
export function without(snap: Snapshot, dirs: readonly string[]): Snapshot {
  return Object.fromEntries(Object.entries(snap).filter(([path]) => !dirs.some((dir) => path === dir || path.startsWith(`${dir}/`))));
}

function describe(path: string, stat: fs.Stats): string {
  const rights = `${(stat.mode & 0o7777).toString(8).padStart(4, '0')} ${String(stat.uid)}:${String(stat.gid)}`;
  if (stat.isDirectory()) return `dir ${rights}`;
  if (stat.isSymbolicLink()) return `link ${fs.readlinkSync(path)}`;
  if (!stat.isFile()) return `special ${rights}`;
  const bytes = fs.readFileSync(path);
  return `file ${rights} ${bytes.length <= 80 ? JSON.stringify(bytes.toString('latin1')) : createHash('sha256').update(bytes).digest('hex')}`;
}

/** Path to inode number. */
export function inodes(root: string, paths: readonly string[]): Record<string, number> {
  return Object.fromEntries(paths.map((path) => [path, fs.lstatSync(join(root, path)).ino]));
}

/**
 * A second tree of the same inodes: as cheap as a copy can be. For code that never writes into an existing file; what does
 * would change the first tree too, and every later comparison would say so.
 */
export function linkTree(from: string, to: string): void {
  fs.mkdirSync(to);
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const source = `${from}/${entry.name}`;
    const target = `${to}/${entry.name}`;
    if (entry.isDirectory()) linkTree(source, target);
    else fs.linkSync(source, target);
  }
  const stat = fs.statSync(from);
  if (stat.uid !== process.getuid?.() || stat.gid !== process.getgid?.()) fs.chownSync(to, stat.uid, stat.gid);
  fs.chmodSync(to, stat.mode & 0o7777);
}
