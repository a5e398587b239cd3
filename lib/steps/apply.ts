/**
 * apply: the staged release becomes the installed one, or everything stays as it was. Reads as reliability.md section 2:
 * verify again, prepare, swap, bring up, commit; any failure before the commit goes back to exactly the old files.
 */
import type { Config } from '../core/config.ts';
import { describeHeld } from '../core/decide.ts';
import { UpdateError, toUpdateError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import { remarks } from '../core/remarks.ts';
import type { Staged } from '../core/state.ts';
import type { Services } from '../io/services.ts';
import { assertReplaceable } from '../transaction/locked.ts';
import { assertRoom } from '../transaction/preflight.ts';
import type { Plan } from '../transaction/plan.ts';
import { readInstalled } from '../transaction/installed.ts';
import { planChange } from '../transaction/plan.ts';
import { readJournal } from '../transaction/journal.ts';
import { commit, enter, open, undo } from '../transaction/transaction.ts';
import type { Journal } from '../transaction/types.ts';
import { releaseChange } from './change-set.ts';
import type { DeviceDeps, StepResult } from './deps.ts';
import { assertConfirmed, leftToOwner } from './foreign.ts';
import { foreseeRemarks } from './foresee.ts';
import { bringUp } from './health.ts';
import { runPostInstall } from './post-install.ts';
import { ownersLines } from './owners-lines.ts';
import { RecordedFailure } from './recorded-failure.ts';
import { toFailure } from './receipts.ts';
import { VERDICTS, recordCommitted, recordUndone } from './record.ts';
import { refuse } from './refuse.ts';
import type { Settled } from './settle.ts';
import { brokenFailure, settleOpenTransaction } from './settle.ts';
import { assertWanted, readWanted } from './wanted.ts';
import { withHint } from './with-hint.ts';
import { dropStaging, readStagedManifest, stagedTree } from './staging.ts';

export async function apply(deps: DeviceDeps): Promise<StepResult> {
  const granted = deps.granted === undefined ? deps.files.takeToken('apply') : deps.granted;
  const byHand = granted?.by !== 'timer';
  const wanted = byHand ? readWanted(deps) : null;
  // Read once and gone: it is of this run alone, however that ends.
  if (byHand) deps.files.dropWanted();
  const settled = settleOpenTransaction(deps, 'apply');
  tellSettled(deps, settled);
  const config = deps.loadConfig();
  if (settled.recovery.is !== 'nothing') await restartAlone(deps, config);
  const staged = deps.files.readStaged();
  if (staged === null) return nothing(settled, whyNothing(deps));
  deps.report({ phase: 'verifying', version: staged.version, canCancel: true });
  try {
    const manifest = readStagedManifest(deps, staged);
    assertWanted(wanted, { version: staged.version, sha256: staged.manifest_sha256 }, `${staged.version} is downloaded`);
    const refusal = refuse(deps, config, staged, manifest, byHand);
    if (refusal !== null) return nothing(settled, refusal, manifest.version);
    if (settled.recovery.is === 'broken') deps.narrate.warning(`${settled.receipt?.message ?? ''}; installing ${manifest.version} over it`);
    return await install(deps, config, staged, manifest, granted?.by === 'timer' ? settled : null);
  } catch (error) {
    // Kept, damaged staging would be found again by every later run.
    if (isAboutStaging(deps, error)) dropStaging(deps);
    throw error;
  }
}

function isAboutStaging(deps: DeviceDeps, error: unknown): boolean {
  if (error instanceof UpdateError) return ['STAGED_INVALID', 'DIGEST_MISMATCH', 'MANIFEST_INVALID'].includes(error.code);
  return error instanceof Error && 'path' in error && String(error.path).startsWith(`${deps.paths.cacheDir}/`);
}

/** What an earlier run left open is resolved, and this one goes on. What is broken is told by whoever knows how it ends. */
function tellSettled(deps: DeviceDeps, { recovery, receipt }: Settled): void {
  if (receipt === null) return;
  if (recovery.is !== 'broken') deps.narrate.notice(receipt.message);
  dropRollbackToken(deps);
}

/** Nothing to install is not the last word about a device that is broken, nor about an update that was undone just now. */
function nothing({ recovery, receipt }: Settled, message: string, to: string | null = null): StepResult {
  if (recovery.is === 'broken') throw brokenFailure(receipt);
  return { outcome: 'nothing', message, to, recorded: receipt !== null };
}

function whyNothing(deps: DeviceDeps): string {
  const { available } = deps.files.readState();
  const current = deps.files.readVersion();
  if (available?.outcome === 'available') return `${available.version} is available, and not downloaded yet: run fetch first`;
  if (available?.outcome === 'held') return describeHeld(available.version, available.reason);
  if (available !== null && available.reason !== null) {
    const { reason, hint = null } = available;
    return `there is nothing to install: ${reason}${hint === null ? '' : `; ${hint}`}`;
  }
  return current === null ? 'there is nothing to install' : `${current} is installed and there is nothing newer`;
}

/** `byTimer`: what came before it, when the timer started this. */
async function install(deps: DeviceDeps, config: Config, staged: Staged, manifest: Manifest, byTimer: Settled | null): Promise<StepResult> {
  const installed = readInstalled(deps.place);
  const change = releaseChange(manifest, stagedTree(deps, staged.version), config, staged.branch, installed);
  const from = installed?.version ?? deps.files.readVersion();
  const plan = planChange(deps.place, change);
  const left = byTimer === null ? null : leftToOwner(plan, manifest.version);
  if (byTimer !== null && left !== null) return leaveToOwner(deps, byTimer, plan, manifest.version, left);
  assertConfirmed(deps.files, config, plan, manifest.version);
  assertReplaceable(deps.place, plan.ops);
  assertRoom(deps.place, plan);
  deps.narrate.info(`installing ${manifest.version} over ${from ?? 'nothing'}: ${describePlan(plan)}`);
  deps.report({ phase: 'preparing', version: manifest.version, canCancel: true });
  const services = deps.services(config);
  try {
    await services.connect();
    await stopIfAsked(deps);
    const remarked = await foreseeRemarks(deps, config, manifest, { plan, installed, services });
    const opening = { kind: 'apply' as const, remarks: remarked, from, to: manifest.version, branch: staged.branch, now: deps.now(), backup: null };
    return await carryOut(deps, config, manifest, open(deps.place, opening, plan, installed), services);
  } finally {
    services.close();
  }
}

/** It stays on offer, with the reason, until the owner installs it. */
function leaveToOwner(deps: DeviceDeps, settled: Settled, plan: Plan, version: string, reason: string): StepResult {
  const state = deps.files.readState();
  if (state.available?.version === version) deps.files.writeState({ ...state, available: { ...state.available, reason } });
  return { ...nothing(settled, reason, version), foreign: plan.foreign.map(({ path, sha256 }) => ({ path, sha256, copy: null })) };
}

/** The prepared change: proven and committed, or undone. */
async function carryOut(deps: DeviceDeps, config: Config, manifest: Manifest, journal: Journal, services: Services): Promise<StepResult> {
  try {
    const applying = await swapAndProve(deps, config, manifest, journal, services);
    const unfinished = commit(deps.place, applying, (committed) => {
      recordCommitted(deps, 'apply', committed);
    });
    if (unfinished !== null) {
      deps.narrate.warning(
        `${manifest.version} is installed, but tidying up is not finished (${unfinished.message}), ignoring: the next start does it`,
      );
    }
  } catch (error) {
    return await goBack(deps, config, journal, services, toUpdateError(error));
  }
  return conclude(deps, journal);
}

/** From the first rename to the last check. The token makes systemd start rollback if this process dies in between. */
async function swapAndProve(deps: DeviceDeps, config: Config, manifest: Manifest, journal: Journal, services: Services): Promise<Journal> {
  await stopIfAsked(deps);
  deps.report({ phase: 'installing', version: manifest.version });
  deps.files.leaveToken('rollback', { run: deps.run, until: 'rollback', by: 'apply' });
  const applying = enter(deps.place, journal);
  await stopIfAsked(deps);
  const extra = await runPostInstall(deps, config, manifest);
  await bringUp(deps, config, services, extra);
  await stopIfAsked(deps);
  return applying;
}

/** Committed: nothing from here on may fail the step, let alone undo it. */
function conclude(deps: DeviceDeps, journal: Journal): StepResult {
  dropRollbackToken(deps);
  for (const line of ownersLines(deps.place, journal)) deps.narrate.warning(line);
  for (const remark of remarks(journal)) deps.narrate.warning(remark);
  for (const path of journal.kept) deps.narrate.notice(`your version of '${path.replace(/\.pikit-new$/, '')}' stays; the new one is '${path}'`);
  return { outcome: 'ok', message: `${journal.to ?? ''} is installed`, from: journal.from, to: journal.to, recorded: true };
}

function dropRollbackToken(deps: DeviceDeps): void {
  try {
    deps.files.dropToken('rollback');
  } catch (error) {
    deps.narrate.warning(`the token for rollback stays (${toUpdateError(error).message}), ignoring: rollback finds no open journal`);
  }
}

/** Back to exactly the old files; if those had changed, the services are started with them again. Throws what made it go back. */
async function goBack(deps: DeviceDeps, config: Config, journal: Journal, services: Services, cause: UpdateError): Promise<never> {
  const hadBegun = readJournal(deps.place)?.phase !== 'preparing';
  const why = cause.code === 'CANCELLED' ? 'was stopped' : VERDICTS.has(cause.code) ? 'does not work here' : 'could not be installed';
  if (hadBegun) deps.narrate.notice(`${journal.to ?? 'the release'} ${why}: going back to ${journal.from ?? 'what was before'}`);
  deps.report({ phase: 'going-back', version: journal.from });
  undo(deps.place, journal, toFailure(cause), (undone) => {
    recordUndone(deps, 'apply', undone);
  });
  dropRollbackToken(deps);
  if (hadBegun) {
    deps.narrate.notice(`went back: the files are those of ${journal.from ?? 'before'} again`);
    await restartAfterUndo(deps, config, services);
  }
  throw new RecordedFailure(withHint(cause, 'start it again whenever you like; nothing was changed'));
}

/** Services that ran into an interrupted update get the files that are there now. */
async function restartAlone(deps: DeviceDeps, config: Config): Promise<void> {
  const services = deps.services(config);
  await restartAfterUndo(deps, config, services);
  services.close();
}

/** The old release has run here before: what does not start now is told, and changes nothing about the outcome. */
async function restartAfterUndo(deps: DeviceDeps, config: Config, services: Services): Promise<void> {
  try {
    const restarted = await services.restart(config.services.restart);
    if (restarted.length > 0) deps.narrate.info(`${services.restarts} ${restarted.join(', ')} with the old files`);
    const leftAlone = await services.reloadWebServer();
    if (leftAlone !== null) deps.narrate.warning(`nginx was not reloaded, ignoring: ${leftAlone}`);
  } catch (error) {
    deps.narrate.warning(`after going back: ${toUpdateError(error).message}, ignoring`);
  }
}

async function stopIfAsked(deps: DeviceDeps): Promise<void> {
  await deps.breathe();
  if (deps.signal.aborted)
    throw new UpdateError('CANCELLED', 'the update was stopped before it was complete', {
      hint: 'start it again whenever you like; nothing was changed',
    });
}

function describePlan(plan: Plan): string {
  const count = (what: (op: Plan['ops'][number]) => boolean): number => plan.ops.filter(what).length;
  const parts = [
    `${String(count((op) => op.old === null))} new`,
    `${String(count((op) => op.old !== null && op.new !== null))} changed`,
    `${String(count((op) => op.new === null))} removed`,
  ];
  return parts.join(', ');
}
