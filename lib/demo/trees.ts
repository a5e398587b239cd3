/** Whole trees compared: paths, types, permissions and bytes. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join, relative } from 'node:path';

/** What each path below a folder is, in one word each: equal words, equal things. */
export type DemoTree = Map<string, string>;

/** Reads the files below `dir`; with `prefix` before each path. A folder that is not there is an empty tree. */
export function readDemoTree(dir: string, prefix = ''): DemoTree {
  const tree: DemoTree = new Map();
  if (!fs.existsSync(dir)) return tree;
  for (const entry of fs.readdirSync(dir, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isDirectory()) tree.set(prefix + relative(dir, path), describe(path));
  }
  return tree;
}

function describe(path: string): string {
  const stat = fs.lstatSync(path);
  if (stat.isSymbolicLink()) return `symlink to '${fs.readlinkSync(path)}'`;
  if (!stat.isFile()) return 'neither file nor symlink';
  return `${(stat.mode & 0o7777).toString(8)} ${createHash('sha256').update(fs.readFileSync(path)).digest('hex')}`;
}

/** One line for each path that differs. */
export function differences(expected: DemoTree, actual: DemoTree): string[] {
  const paths = [...new Set([...expected.keys(), ...actual.keys()])].sort();
  return paths.flatMap((path) => {
    const [wanted, found] = [expected.get(path), actual.get(path)];
    if (wanted === found) return [];
    if (found === undefined) return [`'${path}' is missing`];
    return [wanted === undefined ? `'${path}' should not be there` : `'${path}' is ${found}, not ${wanted}`];
  });
}
