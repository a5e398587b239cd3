/** What a program did to a folder, as operations of the model; and a folder read into the model. */
import fs from 'node:fs';
import type { Disk, Node, Op } from './disk.ts';
import { ROOT, effect, fileNode, lookUp, nodeOf, walk } from './disk.ts';
import type { Change } from './watch.ts';
import { FLEETING, lstatSync, watch } from './watch.ts';

const MODE_BITS = 0o7777;

function rightsOf(path: string): { mode: number; uid: number; gid: number } {
  const { mode, uid, gid } = lstatSync(path);
  return { mode: mode & MODE_BITS, uid, gid };
}

/** A folder as it is now, all of it taken to be durable but for what is fleeting; names of one inode stay names of one inode. */
export function readDisk(root: string, fleeting: readonly string[] = FLEETING): Disk {
  const disk = new Map<number, Node>();
  const known = new Map<number, number>();
  let last = ROOT;
  const visit = (device: string, ino: number): void => {
    const entries = new Map<string, number>();
    for (const name of fs.readdirSync(root + device).sort()) {
      const path = `${device}/${name}`;
      if (fleeting.includes(path)) continue;
      const stat = fs.lstatSync(root + path);
      const before = known.get(stat.ino);
      entries.set(name, before ?? (last += 1));
      if (before !== undefined) continue;
      known.set(stat.ino, last);
      if (stat.isDirectory()) visit(path, last);
      else disk.set(last, fileNode(fs.readFileSync(root + path), rightsOf(root + path)));
    }
    disk.set(ino, { type: 'dir', entries, ...rightsOf(root + device) });
  };
  visit('', ROOT);
  return disk;
}

export interface Recorded<T> {
  ops: Op[];
  /** The disk afterwards, as programs see it. */
  after: Disk;
  outcome: { is: 'done'; value: T } | { is: 'failed'; error: unknown };
}

/** Runs `act` on the folder that holds `before`, and keeps what it did. */
export async function record<T>(root: string, before: Disk, act: () => T | Promise<T>, fleeting: readonly string[] = FLEETING): Promise<Recorded<T>> {
  const live = new Map(before);
  const ops: Op[] = [];
  let last = Math.max(...before.keys());
  const add = (op: Op): void => {
    ops.push(op);
    if (op.is !== 'sync' && op.is !== 'barrier') effect(live, op);
  };
  const see = (change: Change): void => {
    for (const op of toOps(root, live, change, () => (last += 1))) add(op);
  };
  const stop = watch(root, see, fleeting);
  let outcome: Recorded<T>['outcome'];
  try {
    outcome = { is: 'done', value: await act() };
  } catch (error) {
    outcome = { is: 'failed', error };
  } finally {
    stop();
  }
  return { ops, after: live, outcome };
}

function at(live: Disk, path: string): { dir: number; name: string } {
  const cut = path.lastIndexOf('/');
  return { dir: inodeAt(live, path.slice(0, cut)), name: path.slice(cut + 1) };
}

function inodeAt(live: Disk, path: string): number {
  const ino = lookUp(live, path);
  if (ino === null) throw new Error(`the model does not know '${path}'`);
  return ino;
}

function toOps(root: string, live: Disk, change: Change, fresh: () => number): Op[] {
  if (change.is === 'barrier') return [{ is: 'barrier' }];
  const { path } = change;
  switch (change.is) {
    case 'create':
    case 'mkdir': {
      const ino = fresh();
      const rights = rightsOf(root + path);
      const node: Node = change.is === 'mkdir' ? { type: 'dir', entries: new Map(), ...rights } : fileNode(Buffer.alloc(0), rights);
      return [
        { is: 'birth', ino, node },
        { is: 'enter', ...at(live, path), ino },
      ];
    }
    case 'unlink':
    case 'rmdir':
      return [{ is: 'leave', ...at(live, path) }];
    case 'link':
      return [{ is: 'enter', ...at(live, change.to), ino: inodeAt(live, path) }];
    case 'rename': {
      const [from, to] = [at(live, path), at(live, change.to)];
      if (from.dir !== to.dir) throw new Error(`'${path}' moves to another directory, which the model does not know`);
      return [{ is: 'move', ...from, to: to.name, ino: inodeAt(live, path) }];
    }
    case 'write':
      return [{ is: 'write', ino: inodeAt(live, path), at: change.at, bytes: change.bytes }];
    case 'attributes': {
      const ino = inodeAt(live, path);
      const { mode, uid, gid } = nodeOf(live, ino);
      const attributes = rightsOf(root + path);
      const isSame = mode === attributes.mode && uid === attributes.uid && gid === attributes.gid;
      return isSame ? [] : [{ is: 'attributes', ino, attributes }];
    }
    case 'sync':
      return [{ is: 'sync', ino: inodeAt(live, path) }];
    default:
      return change satisfies never;
  }
}

/** Throws unless the folder is what the model says: what was recorded is all that happened. */
export function assertModelled(root: string, disk: Disk, fleeting: readonly string[] = FLEETING): void {
  const paths = (of: Disk): string[] => {
    const lines: string[] = [];
    walk(of, (path, _ino, node) => {
      const rights = `${node.mode.toString(8)} ${String(node.uid)}:${String(node.gid)}`;
      lines.push(`${path} ${rights} ${node.type === 'file' ? String(node.content) : ''}`);
    });
    return lines.sort();
  };
  const [real, modelled] = [paths(readDisk(root, fleeting)), paths(disk)];
  const odd = [...real.filter((line) => !modelled.includes(line)), ...modelled.filter((line) => !real.includes(line))];
  if (odd.length > 0) throw new Error(`the model and the disk differ: ${odd.slice(0, 4).join('; ')}`);
}
