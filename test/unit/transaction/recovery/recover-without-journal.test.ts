/**
 * The journal cannot be read, at every point at which a transaction can be cut off; and the other files of it neither. What comes
 * of a second cut is for test/crash/calls.
 * The device ends exactly old or exactly new, or is called broken with nothing changed. Nothing but an UpdateError is thrown.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { wholeBackups } from '../../../../lib/transaction/change/backups.ts';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { recover } from '../../../../lib/transaction/recovery/recover.ts';
import { recordingIn } from '../../../helpers/change.ts';
import { runWithFault } from '../../../helpers/crash.ts';
import { assertRebuilt, damageJournal, flip, rewrite } from '../../../helpers/damaged-journal.ts';
import type { World } from '../../../helpers/oracle.ts';
import { worldOf } from '../../../helpers/oracle.ts';
import type { Staged } from '../../../helpers/stories.ts';
import { STORIES, atEveryCall, useBench, stride } from '../../../helpers/stories.ts';
import { snapshot } from '../../../helpers/tree.ts';

const bench = useBench();

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
});

describe.each(STORIES.filter((story) => story.ends === 'new'))('$name, with more damage', (story) => {
  let staged: Staged;

  beforeAll(() => {
    staged = bench.stage(story);
  });

  it.each<[string, (place: TransactionPaths) => void]>([
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

function damageCopies(place: TransactionPaths): void {
  for (const folder of wholeBackups(place)) {
    const dir = `${place.root}${folder}/files`;
    for (const path of Object.keys(snapshot(dir))) if (fs.statSync(dir + path).isFile()) rewrite(dir + path, () => 'rot');
  }
}

/** Two things are damaged: it may not be possible to know what the tree is, but it may not become anything else. */
function assertNothingWrong(place: TransactionPaths, worlds: readonly World[]): void {
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

/** Without a backup it is not known which empty directories and temp files were made: they may stay. */
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
