/** The oracle: what has to be true of a device after any power cut and one recovery. */
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { VERSION_FILE, devicePaths } from '../../../lib/core/device/paths.ts';
import { Held, State } from '../../../lib/core/device/state.ts';
import { isIntact, readBackupIn, wholeBackups } from '../../../lib/transaction/change/backups.ts';
import { isInstalled } from '../../../lib/transaction/schemas.ts';
import { readChecksummed } from '../../../lib/transaction/checksummed-json.ts';
import { transactionPaths } from '../../../lib/transaction/transaction-paths.ts';
import { STEPS, depsOn } from './device.ts';
import type { Node } from './disk.ts';
import type { Shelf } from './shelf.ts';
import { FLEETING, watch } from './watch.ts';

type Files = ReadonlyMap<string, Node>;

/** A device between transactions. */
export interface World {
  /** Type, rights and bytes of everything that is not the updater's own. */
  tree: string;
  version: string | null;
  installed: string;
  /** The owner's edits that were kept aside. */
  edited: string;
  /** What is kept for pages of the release before. */
  previous: string;
}

const STATE = '/var/lib/pikit-update/state.json';
const HELD = '/var/lib/pikit/held.json';
const EDITED = /^\/var\/lib\/pikit\/edited\/[0-9a-f]{8}/;
const PREVIOUS = ['/var/backups/pikit-previous'];
const OURS = ['/var/lib', '/var/backups', ...FLEETING];
const LEFT_OVER = /\/\.pikit-|\.tmp$|\.partial(\/|$)|\.damaged$|\/journal\.|\/installed\.next/;

function isBelow(path: string, dirs: readonly string[]): boolean {
  return dirs.some((dir) => path === dir || path.startsWith(`${dir}/`));
}

function line(path: string, node: Node): string {
  const what = node.type === 'file' ? `file ${String(node.content)}` : 'dir';
  return `${path} ${what} ${node.mode.toString(8)} ${String(node.uid)}:${String(node.gid)}`;
}

function textOf(files: Files, path: string): string | null {
  const node = files.get(path);
  return node?.type === 'file' ? node.bytes.toString() : null;
}

/** What a device between transactions is. */
export function worldOf(root: string, files: Files): World {
  const read = readChecksummed(devicePaths(root).installed, isInstalled);
  assert.notEqual(read.is, 'corrupt', 'installed.json is damaged');
  const entries = [...files];
  return {
    tree: entries
      .filter(([path]) => !isBelow(path, OURS))
      .map(([path, node]) => line(path, node))
      .join('\n'),
    version: textOf(files, VERSION_FILE)?.trim() ?? null,
    installed: JSON.stringify(read.is === 'there' ? read.value : null),
    edited: entries
      .filter(([path, node]) => EDITED.test(path) && node.type === 'file')
      .map(([path, node]) => line(path.replace(EDITED, ''), node))
      .sort()
      .join('\n'),
    previous: entries
      .filter(([path]) => isBelow(path, PREVIOUS))
      .map(([path, node]) => line(path, node))
      .join('\n'),
  };
}

/** Throws unless the device is on exactly one of these worlds, and on the one that is expected. Answers its index. */
export async function judge(shelf: Shelf, worlds: readonly World[], expected: number | null): Promise<number> {
  const files = shelf.read();
  const world = worldOf(shelf.root, files);
  const index = worlds.findIndex((candidate) => candidate.version === world.version);
  assert.notEqual(index, -1, `on version ${String(world.version)}`);
  assert.deepEqual(world, worlds[index], 'a mix of two releases');
  if (expected !== null) assert.equal(index, expected, expected === 0 ? 'old was promised' : 'new was promised');
  assert.deepEqual(
    [...files.keys()].filter((path) => LEFT_OVER.test(path)),
    [],
    'left over',
  );
  assertAgreed(files, world);
  assertBackup(shelf.root, files, world);
  await assertAtRest(shelf.root);
  return index;
}

function assertAgreed(files: Files, world: World): void {
  const state = textOf(files, STATE);
  // A device that never had an update need not have a state.
  const current = state === null ? null : State.parse(JSON.parse(state)).current;
  assert.equal(current, world.version, 'state.json names another version');
  const held = textOf(files, HELD);
  if (held !== null) Held.parse(JSON.parse(held));
  const installed: unknown = JSON.parse(world.installed);
  const listed: unknown = typeof installed === 'object' && installed !== null ? Reflect.get(installed, 'version') : null;
  assert.equal(listed, world.version, 'installed.json names another version');
}

/** At most one, whole, and it leads to or from where the device is. */
function assertBackup(root: string, files: Files, { version }: World): void {
  const place = transactionPaths(devicePaths(root));
  const folders = wholeBackups(place);
  assert.ok(folders.length <= 1, `backups: ${folders.join(', ')}`);
  const inside = [...files.keys()].filter((path) => posix.dirname(path) === place.backups);
  assert.deepEqual(inside, folders, 'in the folder of backups');
  for (const folder of folders) {
    const read = readBackupIn(place, folder);
    assert.ok(read.is === 'there', `backup.json is ${read.is}`);
    assert.ok(isIntact(place, folder, read.value), 'a copy in the backup is damaged');
    assert.ok([read.value.to, read.value.from].includes(version), 'the backup leads elsewhere');
  }
}

/** Another recovery has nothing to do. */
async function assertAtRest(root: string): Promise<void> {
  const changes: string[] = [];
  const stop = watch(root, (change) => {
    if (change.is !== 'sync' && change.is !== 'barrier') changes.push(`${change.is} ${change.path}`);
  });
  try {
    assert.equal((await STEPS.recover(depsOn(root))).outcome, 'nothing', 'a second recovery had something to do');
  } finally {
    stop();
  }
  assert.deepEqual(changes, [], 'a second recovery changed something');
}
