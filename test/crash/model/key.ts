/** When two disks are the same device: same paths, same bytes, same rights, and the same names linked to each other. */
import type { Disk, Node } from './disk.ts';
import { ROOT, nodeOf } from './disk.ts';

const names = new Map<string, number>();

function nameId(name: string): number {
  const id = names.get(name) ?? names.size + 1;
  names.set(name, id);
  return id;
}

/** 32 bits that depend on both; murmur3's finalizer. */
function mix(a: number, b: number): number {
  let h = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

interface Named {
  path: number;
  node: Node;
  ino: number;
}

/** 53 bits of hash: equal for disks that no program could tell apart. Inode numbers, and what has no name, do not count. */
export function keyOf(disk: Disk): number {
  const found: Named[] = [];
  const groups = new Map<number, number>();
  const visit = (ino: number, at: number): void => {
    const dir = nodeOf(disk, ino);
    if (dir.type !== 'dir') return;
    for (const [name, child] of dir.entries) {
      const path = mix(at, nameId(name));
      const node = nodeOf(disk, child);
      found.push({ path, node, ino: child });
      if (node.type === 'dir') visit(child, path);
      else groups.set(child, ((groups.get(child) ?? 0) + path) | 0);
    }
  };
  visit(ROOT, 1);
  let high = 0;
  let low = 0;
  for (const { path, node, ino } of found) {
    const rights = mix(mix(node.mode, node.uid), node.gid);
    const what = node.type === 'dir' ? rights : mix(mix(rights, node.content), groups.get(ino) ?? 0);
    high = (high + mix(path, what)) | 0;
    low = (low + mix(what, path ^ 0x5bd1e995)) | 0;
  }
  return (high >>> 0) * 0x200000 + (low & 0x1fffff);
}
