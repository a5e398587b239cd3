/**
 * What a program sees that reads while the step runs: no page of a release before everything that it may load, and not its
 * version before all of it. Nothing that a recovery could mend, so it is looked for after every single call.
 */
import assert from 'node:assert/strict';
import { VERSION_FILE } from '../../../lib/core/device/paths.ts';
import type { Disk, Node } from './disk.ts';
import { effect, lookUp, nodeOf, walk } from './disk.ts';
import type { Recorded } from './record.ts';

interface Changed {
  path: string;
  content: number;
  rank: number;
}

function rankOf(path: string): number {
  if (path === VERSION_FILE) return 2;
  return path.endsWith('.html') ? 1 : 0;
}

function contentAt(disk: Disk, path: string): number | null {
  const ino = lookUp(disk, path);
  const node = ino === null ? null : nodeOf(disk, ino);
  return node?.type === 'file' ? node.content : null;
}

/** Throws for the first call after which a reader could see a page without its assets, or a version without its files. */
export function assertReadable(before: Disk, { ops, after }: Recorded<unknown>): void {
  const changed: Changed[] = [];
  walk(after, (path, _ino, node) => {
    if (node.type !== 'file' || path.startsWith('/var/lib/') || path.startsWith('/var/backups/')) return;
    if (contentAt(before, path) !== node.content) changed.push({ path, content: node.content, rank: rankOf(path) });
  });
  const live = new Map<number, Node>(before);
  for (const op of ops) {
    if (op.is === 'sync' || op.is === 'barrier') continue;
    effect(live, op);
    if (op.is !== 'move') continue;
    const isThere = ({ path, content }: Changed): boolean => contentAt(live, path) === content;
    const shown = Math.max(...changed.filter(isThere).map(({ rank }) => rank));
    const early = changed.find((file) => file.rank < shown && !isThere(file));
    assert.equal(early?.path, undefined, 'it is not there yet, and what needs it is');
  }
}
