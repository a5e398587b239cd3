/**
 * The journal cannot be read, at every point at which a transaction can be cut off; and the other files of it neither.
 * The device ends exactly old or exactly new, or is called broken with nothing changed. Nothing but an UpdateError is thrown.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wholeBackups } from '../../../lib/transaction/backups.ts';
import { writeDurable } from '../../../lib/transaction/durable.ts';
import type { Place } from '../../../lib/transaction/place.ts';
import type { Recovery } from '../../../lib/transaction/recover.ts';
import { recover } from '../../../lib/transaction/recover.ts';
import { recordFile, recordingIn } from '../../helpers/change.ts';
import { runWithFault } from '../../helpers/crash.ts';
import type { World } from '../../helpers/oracle.ts';
import { assertSettled, worldOf } from '../../helpers/oracle.ts';
import type { Bench, Staged } from '../../helpers/stories.ts';
import { STORIES, atEveryCall, openBench, stride } from '../../helpers/stories.ts';
import { snapshot } from '../../helpers/tree.ts';

let bench: Bench;

beforeAll(() => {
  bench = openBench();
});

afterAll(() => {
  bench.close();
});

/** Puts a file with other bytes in the place of one, whatever inode that was. */
function rewrite(path: string, change: (text: string) => string): void {
  const text = fs.readFileSync(path, 'utf8');
  fs.rmSync(path);
  fs.writeFileSync(path, change(text), { mode: 0o600 });
}

const flip = (text: string): string => `${text.slice(0, 100)}\u0001${text.slice(101)}`;

function damageJournal(place: Place): boolean {
  if (!fs.existsSync(place.journal)) return false;
  rewrite(place.journal, flip);
  return true;
}

/**
 * The recorded version is for the caller to write: nobody knows from the journal what it was about. What was kept aside for a
 * rollback that is not finished stays: too much is kept rather than too little.
 */
function assertRebuilt(place: Place, recovery: Recovery, worlds: readonly World[], foreign: Record<string, number>): void {
  assert.ok(recovery.is === 'rebuilt', recovery.is === 'broken' ? recovery.reason : recovery.is);
  assert.ok(fs.existsSync(recovery.aside));
  writeDurable(recordFile(place), `${String(worldOf(place).version)}\n`, { mode: 0o644 });
  const { installed, edited } = worldOf(place);
  const possible = worlds.map((world) => ({ ...world, edited }));
  assertSettled(place, possible, foreign);
  assert.deepEqual(recovery.installed, installed);
}

describe.each(STORIES)('$name', (story) => {
  let staged: Staged;

  beforeAll(() => {
    staged = bench.stage(story);
  });

  it('ends old or new from every call', () => {
    const points = atEveryCall(
      (at) =>
        bench.onCopy(staged.root, (place, foreign) => {
          const run = runWithFault({ kind: 'die', at }, () => story.act(place));
          if (damageJournal(place)) assertRebuilt(place, recover(place, recordingIn(place)), staged.worlds, foreign);
          return run;
        }),
      stride(2),
    );
    expect(points).toBeGreaterThan(40);
  });

  it('ends old or new when that recovery is cut off too', () => {
    let points = 0;
    const crashRecovery = (crashed: Place): number =>
      atEveryCall((at) =>
        bench.onCopy(crashed.root, (place, foreign) => {
          const run = runWithFault({ kind: 'die', at }, () => recover(place, recordingIn(place)));
          if (fs.existsSync(place.journal)) assertRebuilt(place, recover(place, recordingIn(place)), staged.worlds, foreign);
          return run;
        }),
      );
    atEveryCall(
      (at) =>
        bench.onCopy(staged.root, (place) => {
          const run = runWithFault({ kind: 'die', at }, () => story.act(place));
          if (damageJournal(place)) points += crashRecovery(place);
          return run;
        }),
      story.stride,
    );
    expect(points).toBeGreaterThan(5);
  });
});

describe.each(STORIES.filter((story) => story.ends === 'new'))('$name, with more damage', (story) => {
  let staged: Staged;

  beforeAll(() => {
    staged = bench.stage(story);
  });

  it.each<[string, (place: Place) => void]>([
    [
      'installed.json',
      (place) => {
        if (fs.existsSync(place.installed)) rewrite(place.installed, flip);
      },
    ],
    [
      'installed.next.json',
      (place) => {
        if (fs.existsSync(place.installedNext)) rewrite(place.installedNext, flip);
      },
    ],
    [
      'every backup.json',
      (place) => {
        for (const folder of wholeBackups(place)) rewrite(`${place.root}${folder}/backup.json`, flip);
      },
    ],
    [
      'the newest backup.json',
      (place) => {
        for (const folder of wholeBackups(place).slice(-1)) rewrite(`${place.root}${folder}/backup.json`, flip);
      },
    ],
    [
      'every copy in the backups',
      (place) => {
        damageCopies(place);
      },
    ],
    [
      'the folder of backups',
      (place) => {
        fs.rmSync(`${place.root}/var/backups`, { recursive: true, force: true });
      },
    ],
  ])('is old, new, or broken with nothing changed: %s', (_name, damage) => {
    atEveryCall(
      (at) =>
        bench.onCopy(staged.root, (place) => {
          const run = runWithFault({ kind: 'die', at }, () => story.act(place));
          if (!damageJournal(place)) return run;
          damage(place);
          assertNothingWrong(place, staged.worlds);
          return run;
        }),
      stride(8),
    );
  });
});

function damageCopies(place: Place): void {
  for (const folder of wholeBackups(place)) {
    const dir = `${place.root}${folder}/files`;
    for (const path of Object.keys(snapshot(dir))) if (fs.statSync(dir + path).isFile()) rewrite(dir + path, () => 'rot');
  }
}

/** Two things are damaged: it may not be possible to know what the tree is, but it may not become anything else. */
function assertNothingWrong(place: Place, worlds: readonly World[]): void {
  const before = snapshot(place.root);
  const recovery = recover(place, recordingIn(place));
  assert.ok(recovery.is === 'rebuilt' || recovery.is === 'broken', recovery.is);
  if (recovery.is === 'broken') {
    const aside = recovery.aside.slice(place.root.length);
    const { [aside]: moved, ...rest } = snapshot(place.root);
    assert.deepEqual({ ...rest, '/var/lib/pikit/journal.json': moved }, before, 'changed, and called broken');
    return;
  }
  const files = liveFiles(worldOf(place));
  assert.ok(
    worlds.some((world) => isDeepEqual(liveFiles(world), files)),
    'neither old nor new',
  );
}

/** Without a backup nobody knows which empty directories and temp files were made: they may stay. */
function liveFiles({ tree }: World): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tree).filter(([path, what]) => what.startsWith('file') && !path.includes('/.pikit-') && path !== '/record.tmp'),
  );
}

function isDeepEqual(a: unknown, b: unknown): boolean {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}
