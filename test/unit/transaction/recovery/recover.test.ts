import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dirname } from 'node:path';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { wholeBackups } from '../../../../lib/transaction/change/backups.ts';
import { readInstalled } from '../../../../lib/transaction/change/installed.ts';
import { readJournal, writeJournal } from '../../../../lib/transaction/journal.ts';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { planChange } from '../../../../lib/transaction/plan/plan.ts';
import { MAX_UNDOS, recover } from '../../../../lib/transaction/recovery/recover.ts';
import { readBackup, rollbackChange } from '../../../../lib/transaction/plan/rollback-change.ts';
import { startApplying, open } from '../../../../lib/transaction/transaction.ts';
import type { Journal } from '../../../../lib/transaction/types.ts';
import { recordingIn } from '../../../helpers/change.ts';
import { runWithFault } from '../../../helpers/crash.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { assertSettled, worldOf } from '../../../helpers/oracle.ts';
import { device, updatedDevice, openUpdate } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { snapshot } from '../../../helpers/tree.ts';

const dir = useTempDir();
const root = (): string => `${dir()}/device`;

function openedRollback(place: TransactionPaths): Journal {
  const found = readBackup(place);
  const installed = readInstalled(place);
  const plan = planChange(place, rollbackChange(place, found, installed));
  return open(place, { kind: 'rollback', from: '2.0.0', to: '1.0.0', branch: 'stable', now: new Date(), backup: found.folder }, plan, installed);
}

/** No name of the transaction can be read or written as it was. */
function loseOldBytes(place: TransactionPaths, journal: Journal): void {
  for (const op of journal.ops) {
    const keep = `${place.root}${dirname(op.path)}/.pikit-${journal.tx}.o${String(op.n)}`;
    if (fs.existsSync(keep) && fs.statSync(keep).isFile()) fs.writeFileSync(keep, 'lost');
  }
}

describe('recover', () => {
  it('has nothing to do on a device without a journal, and says so', () => {
    const place = device(root());
    const before = snapshot(place.root);
    expect(recover(place, recordingIn(place))).toEqual({ is: 'nothing' });
    expect(snapshot(place.root)).toEqual(before);
  });

  it('removes temp files that no journal refers to', () => {
    const place = device(root());
    const before = snapshot(place.root);
    for (const path of [place.journal, place.installed, place.installedNext]) fs.writeFileSync(`${path}.tmp`, '{');
    fs.writeFileSync(place.installedNext, '{');
    expect(recover(place, recordingIn(place))).toEqual({ is: 'nothing' });
    expect(snapshot(place.root)).toEqual(before);
  });

  it('tells why an update was undone, also when the process died on the way back', () => {
    const place = device(root());
    const before = worldOf(place);
    const journal = startApplying(place, openUpdate(place));
    const failure = { code: 'PROBE_FAILED' as const, message: 'no answer', hint: null, subject: 'http://127.0.0.1/', lines: [] };
    writeJournal(place, { ...journal, failure });
    const recovery = recover(place, recordingIn(place));
    expect(recovery).toMatchObject({ is: 'undone', journal: { failure } });
    assertSettled(place, [before], {});
  });

  it('finishes a rollback that lost bytes on the way from the backup, which stays', () => {
    const place = updatedDevice(root());
    const journal = openedRollback(place);
    writeJournal(place, { ...journal, phase: 'applying' });
    const page = journal.ops.find((op) => op.path.endsWith('index.html'));
    fs.writeFileSync(`${place.root}/var/www/pikit-web/.pikit-${journal.tx}.${String(page?.n)}`, 'torn');
    expect(recover(place, recordingIn(place))).toMatchObject({ is: 'finished', journal: { to: '1.0.0' } });
    expect(fs.readFileSync(`${place.root}/var/www/pikit-web/index.html`, 'utf8')).toBe('<script src=assets/app-1.js>');
    expect(worldOf(place).version).toBe('1.0.0');
    expect(wholeBackups(place)).toHaveLength(1);
  });

  /** Fails as often as a transaction may; answers the codes. */
  function failThrice(place: TransactionPaths): unknown[] {
    return Array.from({ length: MAX_UNDOS }, (_none, index) => {
      try {
        return recover(place, recordingIn(place)).is;
      } catch (error) {
        expect(readJournal(place)?.undos).toBe(index + 1);
        expect(error).toHaveProperty('hint', containing('pikit-update rollback'));
        return error instanceof UpdateError ? error.code : error;
      }
    });
  }

  it('is called broken at the third failed attempt, given up at the next, and quiet from then on', () => {
    const place = device(root());
    const journal = startApplying(place, openUpdate(place));
    loseOldBytes(place, journal);
    expect(failThrice(place)).toEqual(['UNDO_FAILED', 'UNDO_FAILED', 'BROKEN']);
    const recovery = recover(place, recordingIn(place));
    expect(recovery).toMatchObject({
      is: 'broken',
      journal: { tx: journal.tx },
      aside: `${place.root}/var/lib/pikit/journal.broken-1`,
      reason: matching(/^attempt 4 failed as well: neither the old file nor the backup/),
    });
    expect(recover(place, recordingIn(place))).toEqual({ is: 'nothing' });
  });

  it('is exactly old after all when the device was mended before the last attempt', () => {
    const place = device(root());
    const before = worldOf(place);
    startApplying(place, openUpdate(place));
    const page = `${place.root}/var/www/pikit-web/index.html`;
    fs.rmSync(page);
    fs.mkdirSync(page);
    expect(failThrice(place).at(-1)).toBe('BROKEN');
    fs.rmdirSync(page);
    expect(recover(place, recordingIn(place)).is).toBe('undone');
    assertSettled(place, [before], {});
  });

  it('gives a rollback up in the same way', () => {
    const place = updatedDevice(root());
    const journal = openedRollback(place);
    writeJournal(place, { ...journal, phase: 'applying' });
    for (const file of readBackup(place).backup.files) fs.writeFileSync(`${place.root}${journal.backup}/files${file.path}`, 'lost');
    for (const op of journal.ops.filter(({ new: fresh }) => fresh?.type === 'file')) {
      fs.writeFileSync(`${place.root}${dirname(op.path)}/.pikit-${journal.tx}.${String(op.n)}`, 'lost');
    }
    expect(failThrice(place)).toEqual(['BACKUP_INVALID', 'BACKUP_INVALID', 'BROKEN']);
    expect(recover(place, recordingIn(place)).is).toBe('broken');
  });

  it('does not count what fails when the tree is back already', () => {
    const place = device(root());
    const before = worldOf(place);
    startApplying(place, openUpdate(place));
    const { undone } = recordingIn(place);
    const failing = {
      finished: undone,
      undone: () => {
        throw new UpdateError('IO_ERROR', 'no');
      },
    };
    for (let n = 0; n < 5; n += 1) expect(() => recover(place, failing)).toThrow(expect.objectContaining({ code: 'IO_ERROR' }));
    expect(recover(place, recordingIn(place)).is).toBe('undone');
    assertSettled(place, [before], {});
  });

  it('is not stopped by any number of power cuts', () => {
    const place = device(root());
    const before = worldOf(place);
    startApplying(place, openUpdate(place));
    for (let at = 12; at > 2; at -= 1) {
      expect(runWithFault({ kind: 'die', at }, () => recover(place, recordingIn(place))).hit).toBe(true);
    }
    expect(recover(place, recordingIn(place)).is).toBe('undone');
    assertSettled(place, [before], {});
  });
});
