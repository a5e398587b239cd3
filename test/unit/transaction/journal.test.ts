import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  assertApplying,
  closeJournal,
  countFailure,
  dropTemps,
  readJournal,
  setJournalAside,
  writeJournal,
} from '../../../lib/transaction/journal.ts';
import type { TransactionPaths } from '../../../lib/transaction/transaction-paths.ts';
import { placeIn } from '../../helpers/change.ts';
import { runWithFault } from '../../helpers/crash.ts';
import { aJournal } from '../../helpers/documents.ts';
import { useTempDir } from '../../helpers/temp.ts';
import { writeTree } from '../../helpers/tree.ts';

const dir = useTempDir();
const there = (): string[] => fs.readdirSync(`${dir()}/var/lib/pikit`).sort();

function place(): TransactionPaths {
  writeTree(dir(), { '/var/lib/pikit/installed.json': '{}' });
  return placeIn(dir());
}

describe('the journal', () => {
  it('comes back as it was written', () => {
    const at = place();
    expect(readJournal(at)).toBeNull();
    writeJournal(at, aJournal());
    expect(readJournal(at)).toEqual(aJournal());
  });

  it('is not written when recovery could not read it', () => {
    const at = place();
    expect(() => {
      writeJournal(at, aJournal({ mkdirs: ['/with/../detour'] }));
    }).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    expect(there()).toEqual(['installed.json']);
  });

  it('goes last when it is closed', () => {
    const at = place();
    writeJournal(at, aJournal());
    writeTree(dir(), { '/var/lib/pikit/installed.next.json': 'x', '/var/lib/pikit/journal.json.tmp': 'x' });
    for (let calls = 1; fs.existsSync(at.journal); calls += 1) {
      runWithFault({ kind: 'die', at: calls }, () => {
        closeJournal(at);
      });
      if (!fs.existsSync(at.journal)) expect(there()).toEqual(['installed.json']);
    }
  });

  it('is set aside under a name of its own each time', () => {
    const at = place();
    const names = [1, 2].map(() => {
      writeJournal(at, aJournal());
      return setJournalAside(at, 'corrupt').split('/').at(-1);
    });
    expect(names).toEqual(['journal.corrupt-1', 'journal.corrupt-2']);
    expect(readJournal(at)).toBeNull();
  });

  it('leaves no temp files behind, and only those go', () => {
    const at = place();
    writeTree(dir(), { '/var/lib/pikit/journal.json.tmp': 'x', '/var/lib/pikit/installed.next.json': 'x', '/var/lib/pikit/held.json': '{}' });
    dropTemps(at);
    expect(there()).toEqual(['held.json', 'installed.json']);
    writeTree(dir(), { '/var/lib/pikit/installed.next.json/inside': 'x' });
    dropTemps(at);
    expect(there()).toEqual(['held.json', 'installed.json', 'installed.next.json.damaged']);
  });
});

describe('assertApplying', () => {
  it.each<[string, 'preparing' | 'applying' | 'committed', boolean]>([
    ['already-applying', 'applying', true],
    ['still-preparing', 'preparing', false],
    ['committed', 'committed', false],
  ])('on a full disk goes by what the disk says: %s', (_name, phase, goesOn) => {
    const at = place();
    writeJournal(at, aJournal({ phase }));
    const run = runWithFault({ kind: 'fail', at: 1, errno: 'ENOSPC', sticky: false }, () => {
      assertApplying(at, aJournal());
    });
    expect(run.hit).toBe(true);
    expect(run.error === undefined).toBe(goesOn);
    expect(readJournal(at)?.phase).toBe(phase);
  });

  it('takes a commit back that only half reached the disk', () => {
    const at = place();
    writeJournal(at, aJournal({ phase: 'committed' }));
    assertApplying(at, aJournal());
    expect(readJournal(at)?.phase).toBe('applying');
  });
});

describe('countFailure', () => {
  it('counts, and is not stopped by a full disk', () => {
    const at = place();
    writeJournal(at, aJournal({ phase: 'applying' }));
    countFailure(at, aJournal({ undos: 1 }));
    expect(readJournal(at)).toMatchObject({ undos: 2, phase: 'applying' });
    const run = runWithFault({ kind: 'fail', at: 1, errno: 'ENOSPC', sticky: true }, () => {
      countFailure(at, aJournal({ undos: 2 }));
    });
    expect(run.error).toBeUndefined();
    expect(readJournal(at)?.undos).toBe(2);
  });
});
