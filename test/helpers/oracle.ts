/** What has to be true of a device whenever no transaction is open, and which release it is on. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { VERSION_FILE } from '../../lib/core/device/paths.ts';
import { isIntact, readBackupIn } from '../../lib/transaction/change/backups.ts';
import { isInstalled } from '../../lib/transaction/schemas.ts';
import type { TransactionPaths } from '../../lib/transaction/transaction-paths.ts';
import { recover } from '../../lib/transaction/recovery/recover.ts';
import { readChecksummed } from '../../lib/transaction/checksummed-json.ts';
import type { Installed } from '../../lib/transaction/types.ts';
import { recordFile, recordingIn } from './change.ts';
import type { Snapshot } from './tree.ts';
import { fingerprint, inodes, snapshot, without } from './tree.ts';

/** A device between transactions. */
export interface World {
  /** Everything but the transaction's own folders. */
  tree: Snapshot;
  version: string | null;
  installed: Installed | null;
  /** The owner's edits that were kept aside, whatever transaction did it. */
  edited: string[];
}

const PRIVATE = '/var/lib/pikit';
const BACKUPS = '/var/backups';

export function worldOf(place: TransactionPaths, snap = snapshot(place.root)): World {
  const read = readChecksummed(place.installed, isInstalled);
  assert.notEqual(read.is, 'corrupt', 'installed.json is damaged');
  return {
    tree: without(snap, [PRIVATE, BACKUPS, '/record']),
    version: readOrNull(join(place.root, VERSION_FILE)),
    installed: read.is === 'there' ? read.value : null,
    edited: keptEdits(snap),
  };
}

function keptEdits(snap: Snapshot): string[] {
  const folder = new RegExp(`^${PRIVATE}/edited/[0-9a-f]{8}`);
  return Object.entries(snap)
    .filter(([path, what]) => folder.test(path) && what.startsWith('file'))
    .map(([path, what]) => `${path.replace(folder, '')} ${what}`)
    .sort();
}

function readOrNull(path: string): string | null {
  return fs.existsSync(path) ? fs.readFileSync(path, 'utf8').trim() : null;
}

/**
 * Throws unless the device is on exactly one of these worlds, with nothing left over, with one good backup at most, files that
 * are not ours still the same inodes, and nothing to do for another recovery. Answers the index of that world.
 */
export function assertSettled(place: TransactionPaths, worlds: readonly World[], foreign: Readonly<Record<string, number>>): number {
  const snap = snapshot(place.root);
  const world = worldOf(place, snap);
  const index = worlds.findIndex((candidate) => candidate.version === world.version);
  assert.notEqual(index, -1, `on version ${String(world.version)}`);
  assert.deepEqual(world, worlds[index]);
  assertNothingLeft(snap);
  assert.equal(fs.readFileSync(recordFile(place), 'utf8').trim(), String(world.version), 'what was recorded');
  assertBackup(place, world.version);
  assert.deepEqual(inodes(place.root, Object.keys(foreign)), foreign, 'inodes of foreign files');
  const untouched = fingerprint(place.root);
  assert.equal(recover(place, recordingIn(place)).is, 'nothing');
  assert.deepEqual(fingerprint(place.root), untouched, 'touched by a second recovery');
  return index;
}

const LEFT_OVER = /\/\.pikit-|\.tmp$|\.partial|^\/var\/lib\/pikit\/(?!installed\.json$|edited$|edited\/|journal\.(corrupt|broken)-\d+$)/;

function assertNothingLeft(snap: Snapshot): void {
  const left = Object.keys(snap).filter((path) => LEFT_OVER.test(path));
  assert.deepEqual(left, [], 'left over');
}

/** At most one, whole, and it leads to or from where the device is. */
function assertBackup(place: TransactionPaths, version: string | null): void {
  const dir = join(place.root, place.backups);
  const names = fs.existsSync(dir) ? fs.readdirSync(dir) : [];
  assert.ok(names.length <= 1, `backups: ${names.join(', ')}`);
  for (const name of names) {
    const folder = `${place.backups}/${name}`;
    const read = readBackupIn(place, folder);
    assert.ok(read.is === 'there', `backup.json is ${read.is}`);
    assert.ok(isIntact(place, folder, read.value), 'a copy in the backup is damaged');
    assert.ok([read.value.to, read.value.from].includes(version), `the backup leads from ${String(read.value.to)} to ${String(read.value.from)}`);
  }
}
