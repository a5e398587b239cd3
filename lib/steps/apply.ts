/**
 * apply: the staged release becomes the installed one, or everything stays as it was. In the order of docs/reliability.md:
 * verify again, prepare, swap, restart and check, commit; any failure before the commit goes back to exactly the old files.
 */
import { UpdateError, toUpdateError } from '../core/errors.ts';
import { remarks } from '../core/offer/remarks.ts';
import type { Services } from '../io/systemd/services.ts';
import type { Journal, RanCommand } from '../transaction/types.ts';
import { commit, startApplying, open } from '../transaction/transaction.ts';
import type { ApplyDeps, RootStepDeps, StepOutcome, StepResult } from './deps.ts';
import { foreseeRemarks } from './foresee-remarks.ts';
import { dropRollbackToken, goBack, restartOldServices } from './go-back.ts';
import { restartAndCheck } from './health.ts';
import { ownersLines } from './outcome/owners-lines.ts';
import type { Resolved } from './outcome/resolve-interrupted.ts';
import { brokenFailure, interruptedEvent, resolveInterrupted } from './outcome/resolve-interrupted.ts';
import { recordCommitted } from './outcome/transaction-result.ts';
import type { Installation, PlannedInstallation } from './plan-installation.ts';
import { planInstallation } from './plan-installation.ts';
import { commandsToKeep, runPostInstall } from './post-install.ts';
import { whyNothing } from './refuse.ts';
import { dropStaging } from './staging/staging.ts';
import { verifyStaged } from './trust/verified-release.ts';
import { takeApplyOrder } from './wanted.ts';

export async function apply(deps: ApplyDeps): Promise<StepOutcome> {
  const order = takeApplyOrder(deps);
  const resolved = resolveInterrupted(deps, 'apply');
  tellResolved(deps, resolved);
  const config = deps.loadConfig();
  if (resolved.recovery.is !== 'nothing') await restartOldServices(deps, config);
  const staged = deps.files.readStaged();
  if (staged === null) return nothing(resolved, { why: whyNothing(deps), version: null });
  try {
    deps.report({ phase: 'verifying', version: staged.version, canCancel: true });
    const release = await verifyStaged(deps, config, staged);
    const planned = planInstallation(deps, config, { staged, release }, order);
    if (planned.is === 'refused') return nothing(resolved, planned);
    tellBroken(deps, resolved, planned.installation);
    return await install(deps, planned.installation);
  } catch (error) {
    // Kept, damaged staging would be found again by every later run.
    if (isAboutStaging(deps, error)) dropStaging(deps);
    throw error;
  }
}

/** From the first copy of the backup to the commit; what fails on the way leads back. */
async function install(deps: RootStepDeps, installation: Installation): Promise<StepOutcome> {
  const { config } = installation;
  deps.report({ phase: 'preparing', version: installation.manifest.version, canCancel: true });
  const services = deps.services(config);
  try {
    await services.connect();
    const journal = await prepare(deps, installation, services);
    const ran: RanCommand[] = [];
    try {
      const applying = await swap(deps, journal);
      await prove(deps, installation, services, ran);
      commitInstalled(deps, withCommands(applying, ran));
    } catch (error) {
      return await goBack(deps, config, withCommands(journal, ran), services, toUpdateError(error));
    }
    return conclude(deps, journal);
  } finally {
    services.close();
  }
}

function isAboutStaging(deps: RootStepDeps, error: unknown): boolean {
  if (error instanceof UpdateError) return ['STAGED_INVALID', 'DIGEST_MISMATCH', 'MANIFEST_INVALID'].includes(error.code);
  return error instanceof Error && 'path' in error && String(error.path).startsWith(`${deps.paths.cacheDir}/`);
}

/** What an earlier run left open is resolved, and this one goes on. What is broken is told by the one that knows how it ends. */
function tellResolved(deps: RootStepDeps, { recovery, receipt }: Resolved): void {
  if (receipt === null) return;
  if (recovery.is !== 'broken') deps.log.notice(receipt.message, interruptedEvent(receipt));
  dropRollbackToken(deps);
}

function tellBroken(deps: RootStepDeps, { recovery, receipt }: Resolved, { manifest }: Installation): void {
  if (recovery.is === 'broken') deps.log.warning(`${receipt?.message ?? ''}; installing ${manifest.version} over it`);
}

/** Nothing to install is not the last word about a device that is broken, nor about an update that was undone just now. */
function nothing(
  { recovery, receipt }: Resolved,
  { why, version, foreign }: Pick<Extract<PlannedInstallation, { is: 'refused' }>, 'why' | 'foreign'> & { version: string | null },
): StepOutcome {
  if (recovery.is === 'broken') return brokenFailure(receipt);
  return { outcome: 'nothing', message: why, to: version, recorded: receipt !== null, ...(foreign === undefined ? {} : { foreign }) };
}

/** Everything is made ready, and nothing live has changed. */
async function prepare(deps: RootStepDeps, installation: Installation, services: Services): Promise<Journal> {
  const { config, manifest, signed, branch, plan, installed, from } = installation;
  await stopIfAsked(deps);
  const remarked = await foreseeRemarks(deps, config, manifest, { plan, installed, services });
  const opening = { kind: 'apply', remarks: remarked, signed, from, to: manifest.version, branch, now: deps.now(), backup: null } as const;
  return open(deps.place, opening, plan, installed);
}

/** The token makes systemd start rollback if this process dies between the first rename and the commit. */
async function swap(deps: RootStepDeps, journal: Journal): Promise<Journal> {
  await stopIfAsked(deps);
  deps.report({ phase: 'installing', version: journal.to });
  deps.files.leaveToken('rollback', { run: deps.run, until: 'rollback', by: 'apply' });
  return startApplying(deps.place, journal);
}

/** For the receipt. */
function withCommands(journal: Journal, ran: readonly RanCommand[]): Journal {
  return ran.length === 0 ? journal : { ...journal, commands: commandsToKeep(ran) };
}

async function prove(deps: RootStepDeps, { config, manifest }: Installation, services: Services, ran: RanCommand[]): Promise<void> {
  await stopIfAsked(deps);
  const extra = await runPostInstall(deps, config, manifest, ran);
  await restartAndCheck(deps, config, services, extra);
  await stopIfAsked(deps);
}

function commitInstalled(deps: RootStepDeps, applying: Journal): void {
  const unfinished = commit(deps.place, applying, (committed) => {
    recordCommitted(deps, 'apply', committed);
  });
  if (unfinished === null) return;
  deps.log.warning(`${applying.to ?? ''} is installed; failed to clean up, retrying at the next boot: ${unfinished.message}`);
}

/** Committed: nothing from here on may fail the step, let alone undo it. */
function conclude(deps: RootStepDeps, journal: Journal): StepResult {
  dropRollbackToken(deps);
  for (const line of ownersLines(deps.place, journal)) deps.log.warning(line);
  for (const remark of remarks(journal)) deps.log.warning(remark);
  for (const path of journal.kept) deps.log.notice(`your version of '${path.replace(/\.pikit-new$/, '')}' is kept; the new version is '${path}'`);
  const { from, to, branch, signed } = journal;
  return { outcome: 'ok', message: `${to ?? ''} is installed`, from, to, branch, signed, recorded: true };
}

async function stopIfAsked(deps: RootStepDeps): Promise<void> {
  await deps.breathe();
  if (deps.signal.aborted)
    throw new UpdateError('CANCELLED', 'the update was stopped before it was complete', {
      hint: 'you can start it again at any time; nothing was changed',
    });
}
