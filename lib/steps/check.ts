/** check: is there a release for this device? Asks, decides, says why, and changes nothing but what is known. */
import { isSourceUnset } from '../core/device/config.ts';
import { UpdateError } from '../core/errors.ts';
import { noticeOf } from '../core/offer/automatic.ts';
import type { NetworkDeps, StepDeps, StepResult } from './deps.ts';
import type { AskOptions, Found } from './source/offered-release.ts';
import { requestOffer } from './source/offered-release.ts';
import { assertClock, readSituation } from './source/situation.ts';
import { unfitTargets } from './source/unfit-targets.ts';
import { clockIsRight } from './source/wait-for-clock.ts';
import { stagedFor } from './staging/staging.ts';
import { BY_TIMER, readWanted } from './wanted.ts';

export async function check(deps: NetworkDeps): Promise<StepResult> {
  // The token of a killed run would take this run further than it was asked to go.
  deps.files.dropToken('fetch');
  if (deps.byTimer) dropGrants(deps);
  const unset = deps.byTimer ? unsetSource(deps) : null;
  if (unset !== null) return unset;
  const before = readSituation(deps);
  await clockIsRight(deps, deps.byTimer, () => {
    assertClock(deps.now(), deps.builtAt);
  });
  deps.report({ phase: 'checking', canCancel: true });
  // The owner wants to know what there is now; the timer asks every day, and costs its server next to nothing.
  const how: AskOptions = deps.byTimer ? { asking: 'cheap', ...BY_TIMER } : { asking: 'now', by: 'owner', wanted: readWanted(deps) };
  const found = await requestOffer(deps, before, how);
  if (deps.byTimer) leaveFetchToken(deps, found);
  warnOfTargets(deps, found);
  return resultOf(found);
}

function resultOf({ here, release, decision, message, version }: Found): StepResult {
  const hint = 'hint' in decision ? { hint: decision.hint } : {};
  // A release that failed here before is an event of its own in the journal.
  const event: Pick<StepResult, 'event'> = decision.outcome === 'held' ? { event: { is: 'held', version, branch: here.branch } } : {};
  const outcome = decision.outcome === 'available' ? 'ok' : 'nothing';
  return { outcome, message, ...hint, ...event, from: here.current, to: version, branch: here.branch, signed: release?.signed };
}

/**
 * Tokens that an earlier run of the timer left unused (stopped between two steps, killed while it waited): fetch is
 * skipped for as long as there is a grant for apply, so it would end every later run without a word.
 */
function dropGrants({ files }: StepDeps): void {
  files.takeToken('fetch');
  files.takeToken('apply');
}

/** The release is available even so: the owner can remove the obstacle before installing it. */
function warnOfTargets(deps: NetworkDeps, { here, release, decision }: Found): void {
  const unfit = release !== null && decision.outcome === 'available' ? unfitTargets(deps, here.config, release.manifest) : null;
  if (unfit !== null) deps.log.warning(`it cannot be installed at present: ${unfit.message}; ${unfit.hint ?? ''}`);
}

/** A device that is not set up yet does not fail each night: the timer's check does nothing. By hand it is an error. */
function unsetSource(deps: StepDeps): StepResult | null {
  try {
    deps.loadConfig();
    return null;
  } catch (error) {
    if (!(error instanceof UpdateError) || !isSourceUnset(error)) throw error;
    return {
      outcome: 'nothing',
      message: `no source is set yet: ${error.hint ?? error.message}`,
      from: deps.files.readVersion(),
      to: null,
    };
  }
}

/** The chain goes on as far as the timer goes with the release. */
function leaveFetchToken(deps: StepDeps, { decision }: Found): void {
  if (decision.outcome !== 'available') return;
  const { automatic } = decision;
  if (automatic?.until === 'check') {
    const notice = noticeOf(automatic);
    if (notice !== null) deps.log.notice(notice);
    return;
  }
  if (automatic !== null && stagedFor(deps) !== null) return;
  deps.files.leaveToken('fetch', { run: deps.run, until: automatic === null ? 'apply' : 'fetch', by: 'timer' });
}
