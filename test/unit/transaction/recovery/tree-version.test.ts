import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { readBackup, rollbackChange } from '../../../../lib/transaction/plan/rollback-change.ts';
import { factsAfter, isAt, treeVersionOf } from '../../../../lib/transaction/recovery/tree-version.ts';
import { planChange } from '../../../../lib/transaction/plan/plan.ts';
import { rollBack } from '../../../helpers/change.ts';
import { updatedDevice } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';

describe('sideOf', () => {
  it.each<[string, (place: TransactionPaths) => void, string]>([
    ['after-the-update', () => undefined, 'after'],
    [
      'after-with-an-edit',
      (place) => {
        writeTree(place.root, { [`${WEB}/index.html`]: 'mine' });
      },
      'after',
    ],
    [
      'after-with-another-mode',
      (place) => {
        fs.chmodSync(`${place.root}${WEB}/index.html`, 0o600);
      },
      'after',
    ],
    [
      'rolled-back',
      (place) => {
        rollBack(place);
      },
      'before',
    ],
    [
      'one-file-back',
      (place) => {
        writeTree(place.root, { [`${WEB}/index.html`]: '<script src=assets/app-1.js>' });
      },
      'mixed',
    ],
    [
      'one-new-file-missing',
      (place) => {
        fs.rmSync(`${place.root}${WEB}/assets/app-2.js`);
      },
      'mixed',
    ],
  ])('%s', (_name, change, side) => {
    const place = updatedDevice(`${dir()}/device`);
    const { backup } = readBackup(place);
    change(place);
    expect(treeVersionOf(place, backup)).toBe(side);
  });

  it('is unknown when no path tells', () => {
    const place = updatedDevice(`${dir()}/device`);
    expect(treeVersionOf(place, { ...readBackup(place).backup, files: [], absent: [] })).toBe('unknown');
  });

  it('agrees with what a plan would do', () => {
    const place = updatedDevice(`${dir()}/device`);
    const found = readBackup(place);
    rollBack(place);
    expect(planChange(place, rollbackChange(place, found, null)).ops).toEqual([]);
  });
});

describe('facts', () => {
  it('are those of the version file, of listed files, and of nothing', () => {
    const place = updatedDevice(`${dir()}/device`);
    const { backup } = readBackup(place);
    expect(isAt(place, '/etc/pikit/version', factsAfter(place, backup)('/etc/pikit/version'))).toBe(true);
    expect(isAt(place, `${WEB}/run.sh`, factsAfter(place, backup)(`${WEB}/run.sh`))).toBe(true);
    expect(factsAfter(place, backup)(`${WEB}/assets/app-1.js`)).toBeNull();
    expect(isAt(place, `${WEB}/assets/app-1.js`, null)).toBe(true);
    expect(isAt(place, `${WEB}/thing`, null)).toBe(true);
    expect(isAt(place, `${WEB}/run.sh`, null)).toBe(false);
  });
});
