/** What a rollback would change, or why there is nothing to roll back to. Nothing is changed yet. */
import type { Config } from '../core/device/config.ts';
import { isCovered } from '../core/offer/foreign-files.ts';
import { readInstalled } from '../transaction/change/installed.ts';
import { followMoved } from '../transaction/plan/moved-targets.ts';
import { planChange } from '../transaction/plan/plan.ts';
import { assertReplaceable } from '../transaction/plan/unreplaceable.ts';
import { assertSpace } from '../transaction/plan/preflight.ts';
import type { FoundBackup } from '../transaction/plan/rollback-change.ts';
import { readBackup, rollbackChange } from '../transaction/plan/rollback-change.ts';
import type { Installed, Plan } from '../transaction/types.ts';
import type { RootStepDeps } from './deps.ts';

/** The way to the previous release. */
export interface WayBack {
  from: string | null;
  to: string | null;
  found: FoundBackup;
  plan: Plan;
  installed: Installed | null;
}

/** Throws NO_BACKUP, BACKUP_INVALID, and what speaks against the change itself: DEST_*, NO_SPACE. */
export function planRollback(deps: RootStepDeps, config: Config): { is: 'nothing'; why: string } | ({ is: 'planned' } & WayBack) {
  const installed = readInstalled(deps.place);
  const found = readBackup(deps.place);
  if (installed !== null && found.backup.to !== installed.version) {
    const why = `nothing to roll back to: the backup ${installed.version === null ? 'contains no release either' : `also contains ${installed.version}`}`;
    return { is: 'nothing', why };
  }
  const change = rollbackChange(deps.place, found, installed);
  const plan = planChange(
    deps.place,
    followMoved(deps.place, change, (path) => isCovered(path, config.target)),
  );
  assertReplaceable(deps.place, plan.ops);
  assertSpace(deps.place, plan, 'the rollback');
  const { from, to } = { from: found.backup.to, to: found.backup.from };
  deps.log.info(`rolling back from ${from ?? 'nothing'} to ${to ?? 'nothing'}`);
  return { is: 'planned', from, to, found, plan, installed };
}
