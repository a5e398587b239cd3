/**
 * rollback: resolve an open transaction; with none open and started by hand, go back to the backup.
 * It trusts the journal, never the trigger: OnFailure= also fires when apply never ran. What is open is resolved without the
 * configuration, which only the services need.
 */
import type { Config } from '../core/device/config.ts';
import { UpdateError, toUpdateError } from '../core/errors.ts';
import type { Services } from '../io/systemd/services.ts';
import { rollForward } from '../transaction/change/roll-forward.ts';
import { commit, startApplying, open } from '../transaction/transaction.ts';
import type { Journal } from '../transaction/types.ts';
import type { RootStepDeps, StepOutcome } from './deps.ts';
import { checkAfterResolving, checkAgain } from './go-back.ts';
import type { WayBack } from './plan-rollback.ts';
import { planRollback } from './plan-rollback.ts';
import { toFailure } from './outcome/receipts.ts';
import { ownersLines } from './outcome/owners-lines.ts';
import { recordCommitted } from './outcome/transaction-result.ts';
import type { Resolved } from './outcome/resolve-interrupted.ts';
import { brokenFailure, interruptedEvent, resolveInterrupted } from './outcome/resolve-interrupted.ts';

export async function rollback(deps: RootStepDeps): Promise<StepOutcome> {
  const isAsked = takeRollbackOrder(deps);
  const resolved = resolveInterrupted(deps, 'rollback');
  if (isAsked && !isBack(resolved)) return await goToBackup(deps, resolved);
  if (resolved.recovery.is === 'nothing') return { outcome: 'nothing', message: 'no update is open: there is nothing to undo' };
  await checkAfterResolving(deps);
  if (resolved.recovery.is === 'broken') return brokenFailure(resolved.receipt);
  return {
    outcome: isBack(resolved) ? 'rolled-back' : 'nothing',
    message: wordsOf(resolved),
    event: interruptedEvent(resolved.receipt),
    recorded: true,
  };
}

/** To the previous release: exactly the files it had. From the first rename on there is only forward, its target is known to work. */
async function goToBackup(deps: RootStepDeps, resolved: Resolved): Promise<StepOutcome> {
  if (resolved.recovery.is !== 'nothing') deps.log.notice(wordsOf(resolved), interruptedEvent(resolved.receipt));
  const config = deps.loadConfig();
  const services = deps.services(config);
  try {
    const way = planRollback(deps, config);
    if (way.is === 'nothing') return { outcome: 'nothing', message: way.why };
    const journal = await prepare(deps, way);
    const applying = continueRollback(deps, journal);
    const failure = await proveTarget(deps, config, services, way.to);
    commitRolledBack(deps, applying, failure);
    return conclude(deps, journal, failure);
  } finally {
    services.close();
  }
}

/**
 * Whether the owner, and only the owner, has asked for it: the token that an apply leaves lies where root alone writes, and one
 * that is left now would make the next rollback one that was not asked for.
 */
function takeRollbackOrder(deps: RootStepDeps): boolean {
  const granted = deps.granted === undefined ? deps.files.takeToken('rollback') : deps.granted;
  deps.files.dropToken('rollback');
  return granted === null;
}

function wordsOf({ receipt }: Resolved): string {
  return receipt?.message ?? 'the interrupted update was resolved';
}

/** Whether resolving the open transaction was the requested rollback. A committed update stays installed. */
function isBack({ recovery }: Resolved): boolean {
  if (recovery.is === 'nothing') return false;
  if (recovery.is === 'undone') return recovery.journal.kind === 'apply';
  if (recovery.is === 'finished') return recovery.journal.kind === 'rollback';
  return true;
}

async function prepare(deps: RootStepDeps, { from, to, found, plan, installed }: WayBack): Promise<Journal> {
  deps.report({ phase: 'preparing', version: to });
  await deps.breathe();
  if (deps.signal.aborted) {
    throw new UpdateError('CANCELLED', 'the rollback was stopped before anything was changed', { hint: 'you can start it again at any time' });
  }
  const branch = found.backup.before?.branch ?? 'stable';
  const journal = open(deps.place, { kind: 'rollback', from, to, branch, now: deps.now(), backup: found.folder }, plan, installed);
  deps.report({ phase: 'installing', version: to });
  return journal;
}

/** The files are right even so: a failed health check is in the receipt. */
function commitRolledBack(deps: RootStepDeps, applying: Journal, failure: UpdateError | null): void {
  const unfinished = commit(deps.place, { ...applying, failure: failure === null ? null : toFailure(failure) }, (committed) => {
    recordCommitted(deps, 'rollback', committed);
  });
  if (unfinished === null) return;
  deps.log.warning(`rolled back to ${applying.to ?? 'no release'}; failed to clean up, retrying at the next boot: ${unfinished.message}`);
}

function conclude(deps: RootStepDeps, journal: Journal, failure: UpdateError | null): StepOutcome {
  const { from, to, branch } = journal;
  for (const line of ownersLines(deps.place, journal)) deps.log.notice(line);
  if (failure !== null) {
    deps.log.notice(`rolled back: the files ${to === null ? 'from before' : `of ${to}`} are restored`, { is: 'rolled-back', version: to, branch });
    return { outcome: 'failed', failure, recorded: true };
  }
  return { outcome: 'ok', message: `rolled back to ${to ?? 'no release'}`, from, to, branch, recorded: true };
}

/** A failed health check of the previous release is a failure; without any release, there may be nothing to check. */
async function proveTarget(deps: RootStepDeps, config: Config, services: Services, to: string | null): Promise<UpdateError | null> {
  const problem = await checkAgain(deps, config, services);
  if (to !== null || problem === null) return problem;
  deps.log.warning(`the health check failed without a release, ignoring: ${problem.message}`);
  return null;
}

/** A failure half-way is no reason to go to the newer release again: the rest is done from the journal. */
function continueRollback(deps: RootStepDeps, journal: Journal): Journal {
  try {
    return startApplying(deps.place, journal);
  } catch (error) {
    deps.log.warning(`${toUpdateError(error).message}; continuing from the journal`);
    return { ...rollForward(deps.place, journal), phase: 'applying' };
  }
}
