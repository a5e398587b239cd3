/**
 * Disks of the model as a folder, thousands of them one after the other: each file is a hard link to one that lies ready, and
 * what is right already stays, so a device is there in less than a millisecond. Two inodes of the model are two inodes here,
 * two names of one are two names here.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import type { DirNode, Disk, FileNode, Node } from './disk.ts';
import { ROOT, fileNode, nodeOf, walk } from './disk.ts';

export interface Shelf {
  /** The folder of the device. */
  root: string;
  /** Makes it this disk, whatever it was. */
  load: (disk: Disk) => void;
  /** What it holds now, path by path, cheaply: what was loaded is known, the rest is read. */
  read: () => Map<string, Node>;
  /** To be called when the device may have changed since it was read. */
  forget: () => void;
  /** Throws when a device has written into a file that was lying ready: all later devices would have been wrong. */
  assertUntouched: () => void;
}

interface Ready {
  path: string;
  ino: number;
  node: FileNode;
}

/** What a path held when it was read. */
interface There {
  ino: number;
  node: Node;
}

/** Files that are appended to get an inode of their own. */
const APPENDED = /\.jsonl$/;
const MODE_BITS = 0o7777;

function isSame(a: Node, b: Node): boolean {
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid || a.type !== b.type) return false;
  return a.type === 'dir' || b.type === 'dir' || a.content === b.content;
}

function rightsOf(stat: fs.Stats): { mode: number; uid: number; gid: number } {
  return { mode: stat.mode & MODE_BITS, uid: stat.uid, gid: stat.gid };
}

function giveRights(path: string, node: DirNode): void {
  const stat = fs.lstatSync(path);
  if (stat.uid !== node.uid || stat.gid !== node.gid) fs.chownSync(path, node.uid, node.gid);
  if ((stat.mode & MODE_BITS) !== node.mode) fs.chmodSync(path, node.mode);
}

function writeFile(path: string, node: FileNode): void {
  const fd = fs.openSync(path, 'wx');
  fs.writeSync(fd, node.bytes);
  fs.fchownSync(fd, node.uid, node.gid);
  fs.fchmodSync(fd, node.mode);
  fs.closeSync(fd);
}

/** `own`: paths of files that have to have one name only, as what root takes from another user. */
export function openShelf(base: string, own = APPENDED): Shelf {
  const root = join(base, 'device');
  const readyDir = join(base, 'ready');
  const ready = new Map<string, Ready>();
  const known = new Map<number, FileNode>();
  let there: Map<string, There> | null = null;
  fs.mkdirSync(root);
  fs.mkdirSync(readyDir);

  const readyFile = (ino: number, node: FileNode): Ready => {
    const key = [ino, node.content, node.mode, node.uid, node.gid].join(' ');
    const before = ready.get(key);
    if (before !== undefined) return before;
    const path = join(readyDir, String(ready.size));
    writeFile(path, node);
    const made = { path, ino: fs.lstatSync(path).ino, node };
    ready.set(key, made);
    known.set(made.ino, node);
    return made;
  };

  const place = (path: string, ino: number, node: Node): void => {
    if (node.type === 'dir') {
      fs.mkdirSync(root + path);
      giveRights(root + path, node);
    } else if (own.test(path)) {
      writeFile(root + path, node);
    } else {
      fs.linkSync(readyFile(ino, node).path, root + path);
    }
  };

  /** Removes what is not to be there, and answers what is there already. */
  const clear = (disk: Disk): Set<string> => {
    const stays = new Set<string>();
    if (there === null) {
      empty(root);
      return stays;
    }
    const wanted = new Map<string, { ino: number; node: Node }>();
    walk(disk, (path, ino, node) => wanted.set(path, { ino, node }));
    for (const [path, now] of [...there].reverse()) {
      const want = wanted.get(path);
      if (now.node.type === 'dir') {
        if (want?.node.type !== 'dir') fs.rmdirSync(root + path);
        else {
          if (!isSame(now.node, want.node)) giveRights(root + path, want.node);
          stays.add(path);
        }
      } else if (want?.node.type === 'file' && readyFile(want.ino, want.node).ino === now.ino && isSame(now.node, want.node)) {
        stays.add(path);
      } else {
        fs.unlinkSync(root + path);
      }
    }
    return stays;
  };

  const read = (): Map<string, There> => {
    const found = new Map<string, There>();
    const visit = (dir: string): void => {
      for (const name of fs.readdirSync(root + dir).sort()) {
        const path = `${dir}/${name}`;
        const stat = fs.lstatSync(root + path);
        const rights = rightsOf(stat);
        if (stat.isDirectory()) {
          found.set(path, { ino: stat.ino, node: { type: 'dir', entries: new Map(), ...rights } });
          visit(path);
        } else {
          const before = known.get(stat.ino);
          const node = before === undefined ? fileNode(fs.readFileSync(root + path), rights) : { ...before, ...rights };
          found.set(path, { ino: stat.ino, node });
        }
      }
    };
    visit('');
    return found;
  };

  return {
    root,
    load: (disk) => {
      const stays = clear(disk);
      there = null;
      fs.chmodSync(root, nodeOf(disk, ROOT).mode);
      walk(disk, (path, ino, node) => {
        if (!stays.has(path)) place(path, ino, node);
      });
    },
    read: () => {
      there = read();
      return new Map([...there].map(([path, { node }]) => [path, node]));
    },
    forget: () => {
      there = null;
    },
    assertUntouched: () => {
      for (const { path, node } of ready.values()) {
        if (!isSame(fileNode(fs.readFileSync(path), rightsOf(fs.lstatSync(path))), node))
          throw new Error('a file that was lying ready was written to');
      }
    },
  };
}

/** Removes all that a folder holds. */
function empty(dir: string): void {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    const path = `${dir}/${entry.name}`;
    if (!entry.isDirectory()) {
      fs.unlinkSync(path);
      continue;
    }
    empty(path);
    fs.rmdirSync(path);
  }
}
