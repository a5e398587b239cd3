/** The oracle for a device in a folder after real processes and one recovery. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { VERSION_FILE, devicePaths } from '../../../lib/core/device/paths.ts';
import { parseManifest } from '../../../lib/core/release/manifest.ts';
import { Held, Staged, State } from '../../../lib/core/device/state.ts';
import { isIntact, readBackupIn, wholeBackups } from '../../../lib/transaction/change/backups.ts';
import { hashFile } from '../../../lib/transaction/files/durable.ts';
import { isInstalled } from '../../../lib/transaction/schemas.ts';
import { readJournal } from '../../../lib/transaction/journal.ts';
import { recover } from '../../../lib/transaction/recovery/recover.ts';
import { readChecksummed } from '../../../lib/transaction/checksummed-json.ts';
import { transactionPaths } from '../../../lib/transaction/transaction-paths.ts';
import type { Snapshot } from '../../helpers/tree.ts';
import { fingerprint, inodes, snapshot, without } from '../../helpers/tree.ts';
import { FOREIGN } from '../model/releases.ts';

export const OLD = 0;
export const NEW = 1;

/** A device between transactions. */
export interface World {
  /** Everything that is not the updater's own, with modes, owners and bytes. */
  tree: Snapshot;
  version: string | null;
  installed: string;
  /** The owner's edits that were kept aside. */
  edited: string[];
  /** What is kept for pages of the release before. */
  previous: string[];
}

const OURS = ['/var/lib', '/var/backups', '/var/cache', '/run', '/lost+found'];
/** What is in /run goes with the power, what is in the cache is checked before it is used. */
const FLEETING = ['/run', '/var/cache'];
const PREVIOUS = /^\/var\/backups\/pikit-previous(?=\/|$)/;
const EDITED = /^\/var\/lib\/pikit\/edited\/[0-9a-f]{8}/;
/** What fetch has begun is replaced by the next fetch, and the times that steps took by the next ones. */
const LEFT_OVER = /\/\.pikit-|(?<!\/(?:staged|timings\.json))\.tmp$|\.partial(\/|$)|\.damaged$|\/journal\.|\/installed\.next/;

export function worldOf(root: string, snap = snapshot(root)): World {
  const read = readChecksummed(devicePaths(root).installed, isInstalled);
  assert.notEqual(read.is, 'corrupt', 'installed.json is damaged');
  const edits = Object.entries(snap).filter(([path, what]) => EDITED.test(path) && what.startsWith('file'));
  return {
    tree: without(snap, OURS),
    version: textOf(join(root, VERSION_FILE))?.trim() ?? null,
    installed: JSON.stringify(read.is === 'there' ? read.value : null),
    edited: edits.map(([path, what]) => `${path.replace(EDITED, '')} ${what}`).sort(),
    previous: Object.entries(snap).flatMap(([path, what]) => (PREVIOUS.test(path) ? [`${path} ${what}`] : [])),
  };
}

function textOf(path: string): string | null {
  return fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : null;
}

export function foreignInodes(root: string): Record<string, number> {
  return inodes(root, Object.keys(FOREIGN));
}

/** Which world the journal on disk promises; null when none is open. */
export function promisedBy(root: string): number | null {
  const journal = readJournal(transactionPaths(devicePaths(root)));
  if (journal === null) return null;
  return journal.phase === 'committed' || (journal.phase === 'applying' && journal.kind === 'rollback') ? NEW : OLD;
}

/**
 * Throws unless the device is on exactly one of these worlds, the promised one if something was promised, with nothing left
 * over and nothing for another recovery to do. Answers the index of that world.
 */
export function judge(root: string, worlds: readonly World[], foreign: Readonly<Record<string, number>>, promised: number | null): number {
  const snap = snapshot(root);
  const world = worldOf(root, snap);
  const index = worlds.findIndex((candidate) => candidate.version === world.version);
  assert.notEqual(index, -1, `on version ${String(world.version)}`);
  assert.deepEqual(world, worlds[index], 'a mix of two releases');
  if (promised !== null) assert.equal(index, promised, promised === OLD ? 'old was promised' : 'new was promised');
  const left = Object.keys(without(snap, FLEETING)).filter((path) => LEFT_OVER.test(path));
  assert.deepEqual(left, [], 'left over');
  assert.deepEqual(foreignInodes(root), foreign, 'inodes of foreign files');
  assertAgreed(root, world);
  assertBackup(root, world);
  assertStaged(root);
  const untouched = fingerprint(root);
  const recovery = recover(transactionPaths(devicePaths(root)), { undone: () => undefined, finished: () => undefined });
  assert.equal(recovery.is, 'nothing', 'a second recovery had something to do');
  assert.deepEqual(fingerprint(root), untouched, 'a second recovery changed something');
  return index;
}

function assertAgreed(root: string, world: World): void {
  const paths = devicePaths(root);
  const state = textOf(paths.state);
  assert.equal(state === null ? null : State.parse(JSON.parse(state)).current, world.version, 'state.json names another version');
  const held = textOf(paths.held);
  if (held !== null) Held.parse(JSON.parse(held));
  const installed: unknown = JSON.parse(world.installed);
  const listed: unknown = typeof installed === 'object' && installed !== null ? Reflect.get(installed, 'version') : null;
  assert.equal(listed, world.version, 'installed.json names another version');
}

/** At most one, whole, and it leads to or from where the device is. */
function assertBackup(root: string, { version }: World): void {
  const place = transactionPaths(devicePaths(root));
  const dir = join(root, place.backups);
  const folders = wholeBackups(place);
  assert.deepEqual(fs.existsSync(dir) ? fs.readdirSync(dir).map((name) => `${place.backups}/${name}`) : [], folders, 'in the folder of backups');
  assert.ok(folders.length <= 1, `backups: ${folders.join(', ')}`);
  for (const folder of folders) {
    const read = readBackupIn(place, folder);
    assert.ok(read.is === 'there', `backup.json is ${read.is}`);
    assert.ok(isIntact(place, folder, read.value), 'a copy in the backup is damaged');
    assert.ok([read.value.to, read.value.from].includes(version), 'the backup leads elsewhere');
  }
}

/** Where the mark is, the release is complete. */
function assertStaged(root: string): void {
  const { staged: mark, cacheDir } = devicePaths(root);
  const text = textOf(mark);
  if (text === null) return;
  const dir = join(cacheDir, Staged.parse(JSON.parse(text)).version);
  for (const { path, sha256 } of parseManifest(fs.readFileSync(`${dir}/manifest.json`)).files) {
    assert.equal(hashFile(`${dir}/tree/${path}`), sha256, `'${path}' of what is staged`);
  }
}
