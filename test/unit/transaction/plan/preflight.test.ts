import { matching } from '../../../helpers/matchers.ts';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readInstalled } from '../../../../lib/transaction/change/installed.ts';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { planChange } from '../../../../lib/transaction/plan/plan.ts';
import { assertSpace } from '../../../../lib/transaction/plan/preflight.ts';
import { commit, startApplying, open } from '../../../../lib/transaction/transaction.ts';
import type { Release } from '../../../helpers/change.ts';
import { applyRelease, placeIn, releaseChange } from '../../../helpers/change.ts';
import { canMount, withTmpfs } from '../../../helpers/mount.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { snapshot } from '../../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';
const KIB = 1024;

/** Files of `kib` KiB each, different in every version. */
function release(version: string, count: number, kib: number): Release {
  const names = Array.from({ length: count }, (_none, index) => `${WEB}/assets/${String(index)}.bin`);
  return { version, files: Object.fromEntries(names.map((name) => [name, `${version} ${name}`.padEnd(kib * KIB, '.')])) };
}

function plan(place: TransactionPaths, to: Release): ReturnType<typeof planChange> {
  return planChange(place, releaseChange(place, to));
}

it('is content with room, and changes nothing', () => {
  const place = placeIn(dir());
  const before = snapshot(dir());
  assertSpace(place, plan(place, release('1.0.0', 3, 10)));
  expect(snapshot(dir())).toEqual(before);
});

// Mounts need root with CAP_SYS_ADMIN.
describe.runIf(canMount())('on small filesystems', () => {
  it.each<[string, string, number, number, string]>([
    ['too-few-bytes', 'size=2M', 4, 400, 'NO_SPACE'],
    ['too-few-inodes', 'size=64M,nr_inodes=40', 60, 1, 'NO_INODES'],
  ])('refuses the targets: %s', (_name, options, count, kib, code) => {
    withTmpfs(`${dir()}${WEB}`, options, () => {
      const place = placeIn(dir());
      const before = snapshot(dir());
      const act = (): void => {
        assertSpace(place, plan(place, release('1.0.0', count, kib)));
      };
      expect(act).toThrow(expect.objectContaining({ code, subject: `${dir()}${WEB}`, hint: matching(/./) }));
      expect(snapshot(dir())).toEqual(before);
    });
  });

  it.each<[string, string, boolean]>([
    ['room-for-copies', 'size=3M', true],
    ['no-room-for-copies', 'size=1500k', false],
  ])('counts copies where the backup is on another filesystem: %s', (_name, options, fits) => {
    const place = placeIn(dir());
    applyRelease(place, release('1.0.0', 5, 200));
    withTmpfs(`${dir()}/var/backups/pikit`, options, () => {
      const act = (): void => {
        assertSpace(place, plan(place, release('2.0.0', 5, 200)));
      };
      if (fits) expect(act).not.toThrow();
      else expect(act).toThrow(expect.objectContaining({ code: 'NO_SPACE', subject: `${dir()}/var/backups/pikit` }));
    });
  });

  it('lets through what then really fits, and little more', () => {
    withTmpfs(`${dir()}/device`, 'size=8M,nr_inodes=400', () => {
      const place = placeIn(`${dir()}/device`);
      applyRelease(place, release('1.0.0', 10, 100));
      const to = release('2.0.0', 10, 100);
      let filled = 0;
      for (; fitsWith(place, to); filled += 1) fs.writeFileSync(`${place.root}/fill-${String(filled)}`, Buffer.alloc(64 * KIB));
      fs.rmSync(`${place.root}/fill-${String(filled - 1)}`);
      expect(filled).toBeGreaterThan(30);
      const installed = readInstalled(place);
      const journal = open(
        place,
        { kind: 'apply', from: '1.0.0', to: '2.0.0', branch: 'stable', now: new Date(), backup: null },
        plan(place, to),
        installed,
      );
      expect(commit(place, startApplying(place, journal), () => undefined)).toBeNull();
    });
  });
});

function fitsWith(place: TransactionPaths, to: Release): boolean {
  try {
    assertSpace(place, plan(place, to));
    return true;
  } catch {
    return false; // NO_SPACE: what this looks for
  }
}
