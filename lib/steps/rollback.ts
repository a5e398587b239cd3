/**
 * rollback: resolve an open transaction; with none open and started by hand, go back to the backup.
 * It trusts the journal, never the trigger: OnFailure= also fires when apply never ran. What is open is resolved without the
 * configuration, which only the services need.
 */
import type { Config } from '../core/config.ts';
import { UpdateError, toUpdateError } from '../core/errors.ts';
import { isCovered } from '../core/foreign.ts';
import type { Services } from '../io/services.ts';
import { readInstalled } from '../transaction/installed.ts';
import { followMoved } from '../transaction/moved.ts';
import { planChange } from '../transaction/plan.ts';
import { assertReplaceable } from '../transaction/locked.ts';
import { assertRoom } from '../transaction/preflight.ts';
import { rollForward } from '../transaction/roll-forward.ts';
import { readBackup, rollbackChange } from '../transaction/rollback-change.ts';
import { commit, enter, open } from '../transaction/transaction.ts';
import type { Journal } from '../transaction/types.ts';
import type { DeviceDeps, StepResult } from './deps.ts';
import { bringUp } from './health.ts';
import { toFailure } from './receipts.ts';
import { ownersLines } from './owners-lines.ts';
import { recordCommitted } from './record.ts';
import { RecordedFailure } from './recorded-failure.ts';
import type { Settled } from './settle.ts';
import { brokenFailure, settleOpenTransaction } from './settle.ts';

export async function rollback(deps: DeviceDeps): Promise<StepResult> {
  // Both lie where root alone writes: nobody else can make the owner's rollback one that was not asked for.
  const isByHand = (deps.granted === undefined ? deps.files.takeToken('rollback') : deps.granted) === null;
  deps.files.dropToken('rollback');
  const settled = settleOpenTransaction(deps, 'rollback');
  if (settled.recovery.is === 'nothing') {
    return isByHand ? await goBackByHand(deps) : { outcome: 'nothing', message: 'no update is open: there is nothing to undo' };
  }
  const message = settled.receipt?.message ?? 'the interrupted update was resolved';
  if (isByHand && !isBack(settled)) {
    deps.narrate.notice(message);
    return await goBackByHand(deps);
  }
  await bringUpAfterSettling(deps);
  if (settled.recovery.is === 'broken') throw brokenFailure(settled.receipt);
  return { outcome: isBack(settled) ? 'rolled-back' : 'nothing', message, recorded: true };
}

/** Whether resolving what was open is the going back that was asked for. An update that was committed stays installed. */
function isBack({ recovery }: Settled): boolean {
  if (recovery.is === 'undone') return recovery.journal.kind === 'apply';
  if (recovery.is === 'finished') return recovery.journal.kind === 'rollback';
  return true;
}

async function goBackByHand(deps: DeviceDeps): Promise<StepResult> {
  const config = deps.loadConfig();
  const services = deps.services(config);
  try {
    return await goBackToBackup(deps, config, services);
  } finally {
    services.close();
  }
}

/** To the release before: exactly the files it had. From the first rename on there is only forward, its target is known to work. */
async function goBackToBackup(deps: DeviceDeps, config: Config, services: Services): Promise<StepResult> {
  const installed = readInstalled(deps.place);
  const found = readBackup(deps.place);
  if (installed !== null && found.backup.to !== installed.version) {
    return {
      outcome: 'nothing',
      message: `the device is on ${installed.version ?? 'no release'}, and the backup holds nothing else: there is nothing to go back to`,
    };
  }
  const change = rollbackChange(deps.place, found, installed);
  const plan = planChange(
    deps.place,
    followMoved(deps.place, change, (path) => isCovered(path, config.target)),
  );
  assertReplaceable(deps.place, plan.ops);
  assertRoom(deps.place, plan, 'going back');
  const { from, to } = { from: found.backup.to, to: found.backup.from };
  deps.narrate.info(`going back from ${from ?? 'nothing'} to ${to ?? 'nothing'}`);
  deps.report({ phase: 'preparing', version: to });
  await deps.breathe();
  if (deps.signal.aborted) {
    throw new UpdateError('CANCELLED', 'the rollback was stopped before anything was changed', { hint: 'start it again whenever you like' });
  }
  const branch = found.backup.before?.branch ?? 'stable';
  const journal = open(deps.place, { kind: 'rollback', from, to, branch, now: deps.now(), backup: found.folder }, plan, installed);
  deps.report({ phase: 'installing', version: to });
  const applying = forward(deps, journal);
  const failure = await proveTarget(deps, config, services, to);
  const unfinished = commit(deps.place, { ...applying, failure: failure === null ? null : toFailure(failure) }, (committed) => {
    recordCommitted(deps, 'rollback', committed);
  });
  if (unfinished !== null) {
    deps.narrate.warning(
      `the files are those of ${to ?? 'before'}, but tidying up is not finished (${unfinished.message}), ignoring: the next start does it`,
    );
  }
  for (const line of ownersLines(deps.place, journal)) deps.narrate.notice(line);
  if (failure !== null) {
    deps.narrate.notice(`went back: the files are those of ${to ?? 'before'}`);
    throw new RecordedFailure(failure);
  }
  return { outcome: 'ok', message: `went back to ${to ?? 'no release'}`, from, to, recorded: true };
}

/** What does not stand with the release before is a failure; with no release at all, there may be nothing that could stand. */
async function proveTarget(deps: DeviceDeps, config: Config, services: Services, to: string | null): Promise<UpdateError | null> {
  const problem = await bringUpAgain(deps, config, services);
  if (to !== null || problem === null) return problem;
  deps.narrate.warning(`${problem.message}, ignoring: no release is installed now`);
  return null;
}

/** A failure half-way is no reason to go to the newer release again: the rest is done from the journal. */
function forward(deps: DeviceDeps, journal: Journal): Journal {
  try {
    return enter(deps.place, journal);
  } catch (error) {
    deps.narrate.warning(`${toUpdateError(error).message}; going on from the journal`);
    return { ...rollForward(deps.place, journal), phase: 'applying' };
  }
}

/** The files are those of a release that ran here: what does not start now is told, and changes nothing about that. */
async function bringUpAfterSettling(deps: DeviceDeps): Promise<void> {
  let config: Config;
  try {
    config = deps.loadConfig();
  } catch (error) {
    deps.narrate.warning(`the services were not restarted (${toUpdateError(error).message}), ignoring`);
    return;
  }
  const services = deps.services(config);
  const failure = await bringUpAgain(deps, config, services);
  services.close();
  if (failure !== null) deps.narrate.warning(`after going back: ${failure.message}, ignoring`);
}

/** Restarts and looks; what does not stand is returned, because the files are right all the same. */
async function bringUpAgain(deps: DeviceDeps, config: Config, services: Services): Promise<UpdateError | null> {
  try {
    await bringUp(deps, config, services, []);
    return null;
  } catch (error) {
    return toUpdateError(error);
  }
}
