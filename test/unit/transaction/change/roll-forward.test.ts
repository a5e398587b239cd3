import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readInstalled } from '../../../../lib/transaction/change/installed.ts';
import { readJournal } from '../../../../lib/transaction/journal.ts';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { stagedPath, onDisk } from '../../../../lib/transaction/transaction-paths.ts';
import { planChange } from '../../../../lib/transaction/plan/plan.ts';
import { rollForward } from '../../../../lib/transaction/change/roll-forward.ts';
import { readBackup, rollbackChange } from '../../../../lib/transaction/plan/rollback-change.ts';
import { commit, startApplying, open } from '../../../../lib/transaction/transaction.ts';
import type { Journal } from '../../../../lib/transaction/types.ts';
import { runWithFault } from '../../../helpers/crash.ts';
import { worldOf } from '../../../helpers/oracle.ts';
import { device, updatedDevice } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';

function opened(): { place: TransactionPaths; journal: Journal } {
  const place = updatedDevice(`${dir()}/device`);
  const found = readBackup(place);
  const installed = readInstalled(place);
  const plan = planChange(place, rollbackChange(place, found, installed));
  return {
    place,
    journal: open(place, { kind: 'rollback', from: '2.0.0', to: '1.0.0', branch: 'stable', now: new Date(), backup: found.folder }, plan, installed),
  };
}

const waitingFor = (place: TransactionPaths, journal: Journal, path: string): string => {
  const op = journal.ops.find((candidate) => candidate.path === path);
  return op === undefined ? '' : onDisk(place, stagedPath(journal, op));
};

describe('rollForward', () => {
  it('goes on where enter() stopped, and the disk says applying all the while', () => {
    const { place, journal } = opened();
    const target = worldOf(device(`${dir()}/pristine`)).tree;
    const run = runWithFault({ kind: 'fail', at: 16, errno: 'EIO', sticky: false }, () => startApplying(place, journal));
    expect(run.where).toContain('renameSync');
    const applying = rollForward(place, journal);
    expect(applying.phase).toBe('applying');
    expect(readJournal(place)?.phase).toBe('applying');
    expect(commit(place, applying, () => undefined)).toBeNull();
    expect(worldOf(place).tree).toEqual(target);
  });

  it('goes on after an error of the disk at a file that had come where nothing was', () => {
    const { place, journal } = opened();
    const target = worldOf(device(`${dir()}/pristine`)).tree;
    const applying = startApplying(place, journal);
    const come = journal.ops.find(({ old, new: fresh }) => old === null && fresh?.type === 'file')?.path ?? '';
    const { openSync } = fs;
    fs.openSync = (path, ...rest) => {
      if (path === onDisk(place, come)) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
      return openSync(path, ...rest);
    };
    try {
      rollForward(place, applying);
    } finally {
      fs.openSync = openSync;
    }
    fs.copyFileSync(onDisk(place, come), waitingFor(place, journal, come));
    expect(commit(place, rollForward(place, applying), () => undefined)).toBeNull();
    expect(worldOf(place).tree).toEqual(target);
  });

  it('takes no other file for one that it has brought', () => {
    const { place, journal } = opened();
    const come = journal.ops.find(({ old, new: fresh }) => old === null && fresh?.type === 'file')?.path ?? '';
    fs.writeFileSync(onDisk(place, come), 'foreign');
    expect(() => rollForward(place, journal)).toThrow(`'${come}' appeared while the update was being prepared`);
    expect(fs.readFileSync(onDisk(place, come), 'utf8')).toBe('foreign');
  });

  it.each<[string, (waiting: string) => void, string]>([
    [
      'damaged-file',
      (waiting) => {
        fs.writeFileSync(waiting, 'rot');
      },
      `${WEB}/index.html`,
    ],
    [
      'lost-file',
      (waiting) => {
        fs.rmSync(waiting);
      },
      `${WEB}/index.html`,
    ],
    [
      'damaged-file-in-a-new-directory',
      (waiting) => {
        fs.writeFileSync(`${waiting}/in/d.txt`, 'rot');
      },
      `${WEB}/nest`,
    ],
    [
      'lost-file-in-a-new-directory',
      (waiting) => {
        fs.rmSync(`${waiting}/c.txt`);
      },
      `${WEB}/nest`,
    ],
  ])('takes bytes from the backup again: %s', (_name, damage, path) => {
    const { place, journal } = opened();
    const target = worldOf(device(`${dir()}/pristine`)).tree;
    damage(waitingFor(place, journal, path));
    commit(place, rollForward(place, journal), () => undefined);
    expect(worldOf(place).tree).toEqual(target);
  });

  it('says so when the backup has lost them too, and counts the attempt', () => {
    const { place, journal } = opened();
    fs.writeFileSync(waitingFor(place, journal, `${WEB}/index.html`), 'rot');
    fs.writeFileSync(`${place.root}${journal.backup}/files${WEB}/index.html`, 'rot');
    expect(() => rollForward(place, journal)).toThrow(expect.objectContaining({ code: 'BACKUP_INVALID' }));
    expect(readJournal(place)).toMatchObject({ phase: 'applying', undos: 1 });
  });

  it('moves no file when the disk cannot say applying', () => {
    const { place, journal } = opened();
    const before = worldOf(place).tree;
    const run = runWithFault({ kind: 'fail', at: 1, errno: 'ENOSPC', sticky: true }, () => rollForward(place, journal));
    expect(run.error).toBeDefined();
    expect(readJournal(place)?.phase).toBe('preparing');
    expect(worldOf(place).tree).toEqual(before);
  });
});
