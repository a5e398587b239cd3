/** check: is there a release for this device? Asks, decides, says why, and changes nothing but what is known. */
import { STABLE } from '../core/branches.ts';
import { isSourceUnset } from '../core/config.ts';
import type { Decision } from '../core/decide.ts';
import { describeHeld } from '../core/decide.ts';
import { UpdateError } from '../core/errors.ts';
import { LaterRelease } from '../core/manifest.ts';
import { describeDowngradeLeft, standingOf } from '../core/offer.ts';
import { describeFollowers, followers } from '../core/route.ts';
import type { Available, State, Token } from '../core/state.ts';
import { followBranch } from './branch.ts';
import type { Asking } from './cached-document.ts';
import type { NetworkDeps, StepDeps, StepResult } from './deps.ts';
import type { Situation } from './look.ts';
import { assertClock, survey, toAvailable, weigh } from './look.ts';
import type { Release } from './release-source.ts';
import { requestRelease } from './release-source.ts';
import { dropStaging, stagedFor } from './staging.ts';
import { unfitTargets } from './target-look.ts';
import type { Way } from './way.ts';
import { findWay } from './way.ts';

export async function check(deps: NetworkDeps): Promise<StepResult> {
  // What a run left that was killed would take this one further than it was asked to go.
  deps.files.dropToken('fetch');
  if (deps.byTimer) dropGrants(deps);
  const unset = deps.byTimer ? unsetSource(deps) : null;
  if (unset !== null) return unset;
  const here = survey(deps);
  assertClock(deps.now());
  deps.report({ phase: 'checking', canCancel: true });
  // The owner wants to know what there is now; the timer asks every day, and costs its server next to nothing.
  const found = await lookForRelease(deps, here, deps.byTimer ? { asking: 'cheap', byHand: false } : { asking: 'now', byHand: true });
  leaveFetchToken(deps, here, found);
  warnOfTargets(deps, here, found);
  const outcome = found.decision.outcome === 'available' ? 'ok' : 'nothing';
  const { decision } = found;
  const hint = decision.outcome === 'none' || decision.hint === undefined ? {} : { hint: decision.hint };
  return { outcome, message: found.message, ...hint, from: here.current, to: found.version, branch: here.branch };
}

/**
 * What the run of the night before was granted and has not come to (stopped between two steps, killed while it waited): fetch is
 * skipped for as long as there is a grant for apply, so it would end every later run without a word.
 */
function dropGrants({ files }: StepDeps): void {
  files.takeToken('fetch');
  files.takeToken('apply');
}

/** It is available all the same: what is in its way is the owner's to mend, until it is installed. */
function warnOfTargets(deps: NetworkDeps, { config }: Situation, { release, decision }: Found): void {
  const unfit = release !== null && decision.outcome === 'available' ? unfitTargets(deps, config, release.manifest) : null;
  if (unfit !== null) deps.narrate.warning(`it cannot be installed as things are: ${unfit.message}; ${unfit.hint ?? ''}`);
}

/** A device that nobody has set up yet does not fail each night: the timer's check does nothing. By hand it is an error. */
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

export interface Found {
  /** What is on offer: the newest, or what has to come before it. */
  release: Release | null;
  version: string | null;
  /** The newest that the branch has. */
  newest: string | null;
  decision: Decision;
  available: Available | null;
  message: string;
}

export interface Ask {
  asking: Asking;
  byHand: boolean;
}

/**
 * Asks the source which branches there are and what the one of this device has, weighs the answer, removes what is staged for
 * anything else, and writes down what is known now.
 */
export async function lookForRelease(deps: NetworkDeps, here: Situation, how: Ask): Promise<Found> {
  const failure = await followBranch(deps, here, how.asking);
  const found = await ask(deps, here, how);
  // Only now: without an answer to the second question, the first is not worth a line of its own.
  if (failure !== null) deps.narrate.warning(`${failure.message}, ignoring: the branches are those last known`);
  const at = deps.now().toISOString();
  if (stagedFor(deps) !== found.release?.sha256) dropStaging(deps);
  const state: State = {
    ...here.state,
    current: here.current,
    latest: found.newest ?? here.state.latest,
    branch: here.branch,
    installed_branch: installedBranch(here, found),
    last_check: at,
    available: found.available,
    staged: deps.files.readStaged(),
  };
  here.state = state;
  deps.files.writeState(state);
  return found;
}

/** What stable has as well is a release of stable, wherever it was installed from. */
function installedBranch(here: Situation, { newest: version }: Found): string | null {
  const known = here.state.installed_branch;
  if (here.branch !== STABLE || version === null) return known;
  return standingOf(version, { current: here.current, branch: here.branch, installedBranch: known }) === 'installed' ? STABLE : known;
}

async function ask(deps: NetworkDeps, here: Situation, how: Ask): Promise<Found> {
  try {
    const release = await requestRelease(deps, here.config, here.branch, how.asking);
    const decision = weigh(deps, here, release, how.byHand);
    const { version } = release.manifest;
    const way = decision.outcome === 'incompatible' ? await findWay(deps, here, release, how) : null;
    if (way !== null) return onTheWay(here, way, { version, why: decision.reason });
    const available = decision.outcome === 'none' ? null : toAvailable(release, decision, here.branch);
    return { release, version, newest: version, decision, available, message: describe(here, release, decision) };
  } catch (error) {
    // A manifest of a later schema is not a failure of this device: it is a release that it cannot take.
    if (!(error instanceof LaterRelease) || error.version === null) throw error;
    return laterRelease(here, error, error.version);
  }
}

/** What this device can take before the newest, or instead of it. */
function onTheWay(here: Situation, { release, decision, route }: Way, newest: { version: string; why: string | null }): Found {
  const { version } = release.manifest;
  const follow = followers(route, version);
  const then = route.at(-1) === newest.version ? describeFollowers(follow) : `${newest.version} is not for this device: ${newest.why ?? ''}`;
  const message = `${describe(here, release, decision)}; ${then}`;
  return { release, version, newest: newest.version, decision, available: toAvailable(release, decision, here.branch, route), message };
}

function laterRelease({ branch, current, state }: Situation, { message, hint, sha256 }: LaterRelease, version: string): Found {
  const standing = standingOf(version, { current, branch, installedBranch: state.installed_branch });
  const about = { release: null, version, newest: version, message: `the newest release cannot be installed here: ${message}; ${hint ?? ''}` };
  if (standing === 'installed' || standing === 'older') return { ...about, decision: { outcome: 'none', reason: message }, available: null };
  const decision = { outcome: 'incompatible', reason: `${message}: ${hint ?? ''}`, downgrade: standing === 'downgrade' } as const;
  const unknown = { released: null, changelog: '', notes: '', files: 0, bundle_bytes: null, tree_bytes: null };
  return { ...about, decision, available: { version, branch, ...decision, manifest_sha256: sha256, ...unknown } };
}

function describe(here: Situation, release: Release, decision: Decision): string {
  const { version } = release.manifest;
  switch (decision.outcome) {
    case 'none':
      return `up to date: ${decision.reason}`;
    case 'available':
      return `${version} is available${onBranch(here)}${decision.downgrade ? ', which is older' : ''} (${here.current === null ? 'nothing is installed' : `installed is ${here.current}`})`;
    case 'held':
      return describeHeld(version, decision.reason);
    case 'waiting':
    case 'skipped':
    case 'incompatible':
      return `${version} is not for this device now: ${decision.reason ?? ''}`;
    default:
      return decision satisfies never;
  }
}

function onBranch({ branch }: Situation): string {
  return branch === STABLE ? '' : ` on the branch '${branch}'`;
}

/** The chain goes on only for the timer, only as far as the owner allows, and neither to a version the owner went back from, nor to an older one. */
function leaveFetchToken(deps: StepDeps, here: Situation, found: Found): void {
  if (!deps.byTimer || found.decision.outcome !== 'available') return;
  const { auto } = here.settings;
  if (auto !== 'download' && auto !== 'install') return;
  if (found.decision.downgrade && found.version !== null) {
    deps.narrate.notice(describeDowngradeLeft(found.version, here.current));
    return;
  }
  const left = here.state.held.find((entry) => entry.version === found.version && entry.reason === 'rolled-back');
  if (left !== undefined) {
    deps.narrate.notice(`${left.version} is not installed by itself: you went back from it; \`pikit-update apply\` installs it`);
    return;
  }
  if (stagedFor(deps) !== null && auto === 'download') return;
  const token: Token = { run: deps.run, until: auto === 'install' ? 'apply' : 'fetch', by: 'timer' };
  deps.files.leaveToken('fetch', token);
}
