import fs from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBackupIn } from '../../../../lib/transaction/change/backups.ts';
import { readInstalled } from '../../../../lib/transaction/change/installed.ts';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { backupCopy, stagedPath, keptOldPath, onDisk } from '../../../../lib/transaction/transaction-paths.ts';
import { planChange } from '../../../../lib/transaction/plan/plan.ts';
import { prepare } from '../../../../lib/transaction/change/prepare.ts';
import { readBackup, rollbackChange } from '../../../../lib/transaction/plan/rollback-change.ts';
import type { Journal } from '../../../../lib/transaction/types.ts';
import { watch } from '../../../crash/model/watch.ts';
import { releaseChange } from '../../../helpers/change.ts';
import { aJournal } from '../../../helpers/documents.ts';
import { V2, device, updatedDevice } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { inodes } from '../../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';

function planned(): { place: TransactionPaths; journal: Journal; prepareIt: () => void } {
  const place = device(`${dir()}/device`);
  const plan = planChange(place, releaseChange(place, V2));
  const journal = aJournal({
    backup: '/var/backups/pikit/20300101T000000.000Z',
    ops: plan.ops,
    mkdirs: plan.mkdirs,
    rmdirs: plan.rmdirs,
    drift: plan.drift,
  });
  const before = readInstalled(place);
  return {
    place,
    journal,
    prepareIt: () => {
      prepare(place, journal, plan, before);
    },
  };
}

function prepared(): { place: TransactionPaths; journal: Journal } {
  const { place, journal, prepareIt } = planned();
  prepareIt();
  return { place, journal };
}

describe('prepare', () => {
  it('has every new byte beside its target, with its mode, and the old inode under a second name', () => {
    const { place, journal } = prepared();
    for (const op of journal.ops) {
      if (op.new?.type === 'file') expect(fs.statSync(onDisk(place, stagedPath(journal, op))).mode & 0o7777, op.path).toBe(op.new.file.mode);
      if (op.old?.type === 'file')
        expect(fs.statSync(onDisk(place, keptOldPath(journal, op))).ino, op.path).toBe(fs.statSync(onDisk(place, op.path)).ino);
    }
    const thing = journal.ops.find((op) => op.path === `${WEB}/thing`);
    const waiting = thing === undefined ? '' : onDisk(place, stagedPath(journal, thing));
    expect(fs.readFileSync(join(waiting, 'sub/b.txt'), 'utf8')).toBe('b');
  });

  it('makes a whole backup out of links: no byte is written twice', () => {
    const { place, journal } = prepared();
    const read = readBackupIn(place, journal.backup);
    const files = read.is === 'there' ? read.value.files.map((file) => file.path) : [];
    expect(files).toHaveLength(11);
    expect(
      Object.values(
        inodes(
          place.root,
          files.map((path) => backupCopy(journal.backup, path)),
        ),
      ),
    ).toEqual(Object.values(inodes(place.root, files)));
    expect(read.is === 'there' && read.value.absent).toEqual(
      ['assets/app-2.js', 'deep/er/new.txt', 'nest', 'site.conf.pikit-new', 'thing/a [é] & b.txt', 'thing/sub/b.txt'].map((name) => `${WEB}/${name}`),
    );
  });

  it('has bytes of its own for a file that has another name elsewhere', () => {
    const place = device(`${dir()}/device`);
    const page = onDisk(place, `${WEB}/index.html`);
    const text = fs.readFileSync(page, 'utf8');
    fs.linkSync(page, `${dir()}/working-copy.html`);
    const plan = planChange(place, releaseChange(place, V2));
    const journal = aJournal({ backup: '/var/backups/pikit/20300101T000000.000Z', ops: plan.ops, mkdirs: plan.mkdirs, rmdirs: plan.rmdirs });
    prepare(place, journal, plan, readInstalled(place));
    fs.appendFileSync(`${dir()}/working-copy.html`, ', edited later');
    expect(fs.readFileSync(onDisk(place, backupCopy(journal.backup, `${WEB}/index.html`)), 'utf8')).toBe(text);
  });

  it.each(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'])('copies where links are not possible (%s)', (code) => {
    const { linkSync } = fs;
    fs.linkSync = () => {
      throw Object.assign(new Error(code), { code });
    };
    try {
      const { place, journal } = prepared();
      for (const op of journal.ops) {
        if (op.old?.type !== 'file') continue;
        const live = fs.statSync(onDisk(place, op.path));
        for (const copy of [keptOldPath(journal, op), backupCopy(journal.backup, op.path)]) {
          const stat = fs.statSync(onDisk(place, copy));
          expect([stat.mode, stat.uid, stat.gid, stat.size], copy).toEqual([live.mode, live.uid, live.gid, live.size]);
          expect(stat.ino).not.toBe(live.ino);
        }
      }
    } finally {
      Object.assign(fs, { linkSync });
    }
  });

  it('passes one barrier for the backup and one for the rest, and writes nothing behind that', () => {
    const { journal, prepareIt } = planned();
    const calls: string[] = [];
    const stop = watch(dir(), (change) => {
      calls.push(change.is === 'barrier' ? 'barrier' : `${change.is} ${basename(change.path)}${'to' in change ? ` ${basename(change.to)}` : ''}`);
    });
    try {
      prepareIt();
    } finally {
      stop();
    }
    const last = calls.lastIndexOf('barrier');
    expect(calls.filter((call) => call === 'barrier')).toHaveLength(2);
    // What is told at the end has no name that is not durable: nothing but the journal's own files changes after it.
    expect(calls.slice(last + 1)).toEqual([]);
    const named = calls.findIndex((call) => call.startsWith('rename') && call.endsWith(basename(journal.backup)));
    expect(named).toBeGreaterThan(calls.indexOf('barrier'));
    expect(calls.findIndex((call) => call.startsWith('create .pikit-'))).toBeGreaterThan(named);
    for (const op of journal.ops) {
      if (op.new?.type === 'file') expect(calls.indexOf(`create ${basename(stagedPath(journal, op))}`)).toBeLessThan(last);
      if (op.old?.type === 'file') expect(calls.findIndex((call) => call.endsWith(` ${basename(keptOldPath(journal, op))}`))).toBeLessThan(last);
    }
  });

  it('keeps the edits aside that a rollback is about to replace, private to root', () => {
    const place = updatedDevice(`${dir()}/device`);
    const found = readBackup(place);
    const plan = planChange(place, rollbackChange(place, found, readInstalled(place)));
    expect(plan.drift).toEqual([`${WEB}/deep/er/new.txt`]);
    prepare(place, aJournal({ kind: 'rollback', backup: found.folder, ops: plan.ops, mkdirs: plan.mkdirs, drift: plan.drift }), plan, null);
    const copy = `${place.edited}/0123abcd${WEB}/deep/er/new.txt`;
    expect(fs.readFileSync(copy, 'utf8')).toBe('edited on 2.0.0');
    expect(fs.statSync(copy).mode & 0o7777).toBe(0o600);
    expect(fs.statSync(place.edited).mode & 0o7777).toBe(0o700);
  });
});
