/** state.json, the owner's settings and what runs now, in one. */
import type { BranchChoice } from '../core/offer/branch-choice.ts';
import { withAutomatic } from '../core/offer/automatic.ts';
import { applySkipToState } from '../core/offer/skip-choice.ts';
import { UpdateError } from '../core/errors.ts';
import type { PublicFacts, RollbackTarget } from '../core/device/public-facts.ts';
import { signedByOf } from '../core/device/root-facts.ts';
import type { SignedBy } from '../core/trust/trust-state.ts';
import type { Run } from '../core/run/run.ts';
import type { Progress, Settings, State } from '../core/device/state.ts';
import type { ReaderDeps } from './deps.ts';
import { currentChoice } from './known-branches.ts';
import { rollbackTarget } from './rollback-target.ts';
import { readRun } from './run.ts';
import type { Step } from './running.ts';
import { liveProgress, unitOf } from './running.ts';

/** state.json, with the members that live elsewhere. */
export interface Status extends Omit<State, 'progress'> {
  progress: Progress | null;
  settings: Settings;
  /** The branch that was chosen, the one that is used, and why they differ if they do. */
  following: Pick<BranchChoice, 'selected' | 'used' | 'why' | 'message'>;
  /** Where a rollback would go; `private` when it takes root to know. */
  rollback: RollbackTarget;
  /** What is going on, or was the last since the device was started; null when nothing was. */
  run: Run | null;
  /** Only where the configuration keeps the updater from working: what is wrong, and what to set. */
  setup?: { message: string; hint: string | null };
  /** Who signed the release that is installed; only there where root has verified that. */
  signed?: SignedBy;
}

/** Merges what the steps wrote with what runs now; a reader always finds the eight names of state.json. `look` is how the run is read. */
export async function readStatus(deps: ReaderDeps, look: (deps: ReaderDeps) => Promise<Run | null> = readRun): Promise<Status> {
  const progress = await runningProgress(deps);
  let run = await look(deps);
  let target = rollbackTarget(deps);
  // An open transaction belongs to a running step, or no step will end it: a step that has begun after the look is seen by another.
  if (target.is === 'open' && !isChanging(run, progress)) {
    run = await look(deps);
    target = rollbackTarget(deps);
  }
  const isAtWork = isChanging(run, progress);
  // After the run: what a step wrote before its end is there when it has ended. What is newer than the run is told again with it.
  const state = deps.files.readState();
  const { selected, used, why, message } = currentChoice(deps);
  const settings = deps.files.readSettings();
  // The version file is part of every change, and may be taken back until its end; state.json is written after it, and only by steps.
  const committed = isAtWork ? deps.files.readPublished() : null;
  const current = isAtWork ? (state.current ?? committed?.version ?? null) : (deps.files.readVersion() ?? state.current);
  const status = applySkipToState({
    ...state,
    branch: used ?? state.branch,
    following: { selected, used, why, message },
    current,
    progress,
    settings,
    rollback: isAtWork && (target.is === 'open' || target.is === 'private') ? targetBefore(target, committed, current) : target,
    run,
    ...setupProblem(deps),
    ...(state.unsigned ? {} : signerOf(deps, current)),
  });
  const { available, held } = status;
  return available === null ? status : { ...status, available: withAutomatic(available, { current, settings, held }) };
}

/** Nothing where the configuration can be used, or may not be read. */
function setupProblem({ loadConfig }: ReaderDeps): Pick<Status, 'setup'> {
  try {
    loadConfig();
    return {};
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error;
    const { code, message, hint } = error;
    return code === 'CONFIG_MISSING' || code === 'CONFIG_INVALID' ? { setup: { message, hint } } : {};
  }
}

function signerOf({ files }: ReaderDeps, current: string | null): Pick<Status, 'signed'> {
  const signed = signedByOf(files.readPublished()?.history ?? [], current);
  return signed === null ? {} : { signed };
}

const CHANGING: readonly Step[] = ['apply', 'rollback', 'recover'];

/** Whether a step is at work that changes what is installed: then an open transaction is its own, and not an interrupted one. */
function isChanging(run: Run | null, progress: Progress | null): boolean {
  const running = run?.state === 'running' ? run.steps.filter(({ state }) => state === 'running').map(({ step }) => step) : [];
  return [...running, ...(progress === null ? [] : [progress.step])].some((step) => CHANGING.includes(step));
}

/** Where a rollback would have gone before the step that is at work, as root let others know then. */
function targetBefore(target: RollbackTarget, published: PublicFacts | null, current: string | null): RollbackTarget {
  if (published?.version === current && published.rollback.is !== 'open') return published.rollback;
  return target.is === 'open' ? { is: 'none' } : target;
}

/** A step that was killed leaves its last report, and its pid may belong to another process by now: systemd knows. */
async function runningProgress(deps: ReaderDeps): Promise<Progress | null> {
  const progress = liveProgress(deps);
  if (progress === null || deps.terminate !== null) return progress;
  return (await isUnitActive(deps, progress.step)) ? progress : null;
}

async function isUnitActive(deps: ReaderDeps, step: Step): Promise<boolean> {
  try {
    const units = await deps.units();
    return (await units.look(unitOf(step))).active;
  } catch {
    // Safe to ignore: without systemd a step may be run by hand, and its process is there.
    return true;
  }
}
