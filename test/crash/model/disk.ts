/** A file system as the model sees it: inodes that never change, in a table that does. Copying one copies the table only. */

interface Attributes {
  mode: number;
  uid: number;
  gid: number;
}

export interface FileNode extends Attributes {
  type: 'file';
  bytes: Buffer;
  /** Equal for equal bytes. */
  content: number;
}

export interface DirNode extends Attributes {
  type: 'dir';
  entries: ReadonlyMap<string, number>;
}

export type Node = FileNode | DirNode;

/** Inode number to inode. */
export type Disk = ReadonlyMap<number, Node>;

export const ROOT = 1;

/**
 * What a call changes. `enter`, `leave` and `move` are entries of directories, durable with the directory; `write` and
 * `attributes` are durable with the inode; a barrier is a sync of all. `birth` is no effect of its own: an inode without a name is nowhere.
 */
export type Op =
  | { is: 'birth'; ino: number; node: Node }
  | { is: 'enter'; dir: number; name: string; ino: number }
  | { is: 'leave'; dir: number; name: string }
  | { is: 'move'; dir: number; name: string; to: string; ino: number }
  | { is: 'write'; ino: number; at: number; bytes: Buffer }
  | { is: 'attributes'; ino: number; attributes: Attributes }
  | { is: 'sync'; ino: number }
  | { is: 'barrier' };

export type Effect = Exclude<Op, { is: 'birth' } | { is: 'sync' } | { is: 'barrier' }>;

const contents = new Map<string, number>();

/** An inode with these bytes. */
export function fileNode(bytes: Buffer, { mode, uid, gid }: Attributes): FileNode {
  const text = bytes.toString('latin1');
  const content = contents.get(text) ?? contents.size + 1;
  contents.set(text, content);
  return { type: 'file', bytes, content, mode, uid, gid };
}

export function nodeOf(disk: Disk, ino: number): Node {
  const node = disk.get(ino);
  if (node === undefined) throw new Error(`the model has no inode ${String(ino)}`);
  return node;
}

function dirOf(disk: Disk, ino: number): DirNode {
  const node = nodeOf(disk, ino);
  if (node.type !== 'dir') throw new Error(`inode ${String(ino)} is no directory`);
  return node;
}

/** The inode that a path names, or null. */
export function lookUp(disk: Disk, path: string): number | null {
  let ino = ROOT;
  for (const name of path.split('/').filter((part) => part !== '')) {
    const node = nodeOf(disk, ino);
    const next = node.type === 'dir' ? node.entries.get(name) : undefined;
    if (next === undefined) return null;
    ino = next;
  }
  return ino;
}

/** Brings one effect about. Entries are independent of each other: one that is lost does not prevent a later one. */
export function effect(disk: Map<number, Node>, op: Effect | Extract<Op, { is: 'birth' }>): void {
  switch (op.is) {
    case 'birth':
      disk.set(op.ino, op.node);
      return;
    case 'enter':
    case 'leave':
    case 'move': {
      const dir = dirOf(disk, op.dir);
      const entries = new Map(dir.entries);
      if (op.is !== 'enter') entries.delete(op.name);
      if (op.is === 'enter') entries.set(op.name, op.ino);
      if (op.is === 'move') entries.set(op.to, op.ino);
      disk.set(op.dir, { ...dir, entries });
      return;
    }
    case 'write': {
      const node = nodeOf(disk, op.ino);
      if (node.type !== 'file') throw new Error('a write to a directory');
      const bytes = Buffer.alloc(Math.max(node.bytes.length, op.at + op.bytes.length));
      node.bytes.copy(bytes);
      op.bytes.copy(bytes, op.at);
      disk.set(op.ino, fileNode(bytes, node));
      return;
    }
    case 'attributes':
      disk.set(op.ino, { ...nodeOf(disk, op.ino), ...op.attributes });
      return;
    default:
      op satisfies never;
  }
}

/** Calls `visit` for everything that can be reached, directories before what is in them. */
export function walk(disk: Disk, visit: (path: string, ino: number, node: Node) => void): void {
  const below = (dir: DirNode, at: string): void => {
    for (const [name, ino] of dir.entries) {
      const node = nodeOf(disk, ino);
      visit(`${at}/${name}`, ino, node);
      if (node.type === 'dir') below(node, `${at}/${name}`);
    }
  };
  below(dirOf(disk, ROOT), '');
}
