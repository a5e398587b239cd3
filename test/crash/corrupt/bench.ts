/**
 * The devices of story.ts on a shelf, put back thousands of times. The shelf's disk is the folder above the device, so that
 * /run and the cache are put back as well, which the model leaves out.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { apply } from '../../../lib/steps/apply.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import type { Device } from '../../helpers/device.ts';
import { device, rootDeps } from '../../helpers/device.ts';
import { removeDir, tempDir } from '../../helpers/tree.ts';
import type { Disk, Node } from '../model/disk.ts';
import { fileNode, walk } from '../model/disk.ts';
import type { World } from '../model/judge.ts';
import { worldOf } from '../model/judge.ts';
import { readDisk } from '../model/record.ts';
import type { Shelf } from '../model/shelf.ts';
import { openShelf } from '../model/shelf.ts';
import type { Phase } from './story.ts';
import { PHASES, cut, makeAtRest } from './story.ts';

export interface Bench {
  on: Device;
  /** As the judge of the model wants it: the device alone. */
  shelf: Shelf;
  /** By version. */
  worlds: readonly World[];
  load: (phase: Phase) => void;
  /** Throws when anything but one path is not as it was loaded. */
  assertAsLoaded: (phase: Phase, except: string) => void;
  /** Throws when one of the files that only the owner writes is not as it was loaded. */
  assertOwners: (phase: Phase) => void;
}

const DEVICE = '/device';
const OWNERS = ['/etc/pikit/update.toml', '/var/lib/pikit-update/settings.json'];

/** Makes every device once. To be called in a test; all is gone after it. */
export async function openBench(): Promise<Bench> {
  const base = tempDir();
  onTestFinished(() => {
    removeDir(base);
  });
  const outer = openShelf(base);
  const on = device({ root: outer.root + DEVICE });
  const shelf = inside(outer, on.root);
  await makeAtRest(on);
  const disks = new Map<Phase, Disk>([['at-rest', readDisk(outer.root)]]);
  const load = (phase: Phase): void => {
    const disk = disks.get(phase);
    if (disk === undefined) throw new Error(`there is no device '${phase}'`);
    outer.load(disk);
  };
  const atRest = (): void => {
    outer.forget();
    load('at-rest');
  };
  for (const phase of PHASES) {
    if (phase === 'at-rest') continue;
    atRest();
    const folder = join(base, phase);
    fs.mkdirSync(folder);
    await cut(on, phase, folder + DEVICE);
    disks.set(phase, readDisk(folder));
    removeDir(folder);
  }
  const before = new Map([...disks].map(([phase, disk]) => [phase, contentsOf(disk)]));
  const worlds: World[] = [];
  for (const step of [null, apply, rollback]) {
    atRest();
    await step?.(rootDeps(on));
    worlds.push(worldOf(on.root, shelf.read()));
  }
  atRest();
  return {
    on,
    shelf,
    worlds,
    load,
    assertAsLoaded: (phase, except) => {
      const was = before.get(phase) ?? new Map<string, string>();
      const is = new Map([...shelf.read()].map(([path, node]) => [path, described(node)]));
      for (const path of new Set([...was.keys(), ...is.keys()])) {
        if (on.root + path !== except) assert.equal(is.get(path), was.get(path), `'${path}' has changed`);
      }
    },
    assertOwners: (phase) => {
      for (const path of OWNERS) assert.equal(described(nodeAt(on.root + path)), before.get(phase)?.get(path), `'${path}' has changed`);
    },
  };
}

/** The part of a shelf below one folder. */
function inside(shelf: Shelf, root: string): Shelf {
  return {
    ...shelf,
    root,
    read: () => new Map([...shelf.read()].filter(([path]) => path.startsWith(`${DEVICE}/`)).map(([path, node]) => [path.slice(DEVICE.length), node])),
  };
}

/** Path on the device to what it is. */
function contentsOf(disk: Disk): Map<string, string> {
  const found = new Map<string, string>();
  walk(disk, (path, _ino, node) => {
    if (path.startsWith(`${DEVICE}/`)) found.set(path.slice(DEVICE.length), described(node));
  });
  return found;
}

function described(node: Node): string {
  return node.type === 'dir' ? 'directory' : String(node.content);
}

function nodeAt(path: string): Node {
  return fileNode(fs.readFileSync(path), { mode: 0, uid: 0, gid: 0 });
}
