/** What there is for this device: a release and a verdict, shared by check, fetch and apply. */
import { UpdateError } from '../../core/errors.ts';
import type { Config } from '../../core/device/config.ts';
import type { Decision, DecisionInputs, Obstacle } from '../../core/offer/decide.ts';
import { cohortOf, decide } from '../../core/offer/decide.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import type { SignedBy } from '../../core/trust/trust-state.ts';
import type { Available, State } from '../../core/device/state.ts';
import { mapToDevice } from '../../core/release/targets.ts';
import { disguisedPlace } from '../../transaction/plan/disguised-places.ts';
import { readInstalled } from '../../transaction/change/installed.ts';
import { branchAsKnown } from './branch-list-request.ts';
import type { StepDeps } from '../deps.ts';
import type { FoundRelease } from './release-source.ts';
import type { RunOrder } from '../wanted.ts';
import { retryOf } from '../wanted.ts';

/** The device, as a decision about a release goes by it. `branch`: the owner's choice, or what stands in for it. */
export type DeviceFacts = Pick<DecisionInputs, 'config' | 'settings' | 'held' | 'current' | 'branch' | 'installedBranch'>;

export interface Situation extends DeviceFacts {
  state: State;
}

/**
 * Reads configuration, choices and state, and sends no request; what is installed is in the state too, should its file be damaged.
 * Throws CONFIG_MISSING or CONFIG_INVALID.
 */
export function readSituation(deps: StepDeps): Situation {
  const config = deps.loadConfig();
  const settings = deps.files.readSettings();
  const state = deps.files.readState();
  return {
    config,
    settings,
    state,
    held: state.held,
    current: deps.files.readVersion() ?? state.current,
    branch: branchAsKnown(deps, config, settings.branch),
    installedBranch: state.installed_branch,
  };
}

/**
 * The same from what root alone writes: nothing that the user of the network steps could have written decides about root. `branch`:
 * the one that the owner's choice leads to. Throws STATE_INVALID.
 */
export function readRootFacts(deps: StepDeps, config: Config, branch: string): DeviceFacts {
  const settings = deps.files.readSettings();
  const installed = readInstalled(deps.place);
  return {
    config,
    settings,
    held: deps.files.readHeld().versions,
    current: deps.files.readVersion() ?? installed?.version ?? null,
    branch,
    installedBranch: installed?.branch ?? null,
  };
}

/** A release, and who signed it as the asking step has verified it itself; null where releases are not signed. */
export interface WeighedRelease {
  manifest: Manifest;
  signed: SignedBy | null;
}

/**
 * Weighs a release for this device. That it is signed, no file says: state.json belongs to the user with the network, and root
 * decides by this whether a release may bring commands.
 */
export function decideFor(deps: StepDeps, here: DeviceFacts, { manifest, signed }: WeighedRelease, { by, wanted }: RunOrder): Decision {
  const decision = decide(manifest, {
    current: here.current,
    branch: here.branch,
    installedBranch: here.installedBranch,
    settings: here.settings,
    held: here.held,
    config: here.config,
    arch: deps.arch,
    cohort: cohortOf(deps.machineId(), manifest.version),
    signed: signed !== null,
    by,
    retry: retryOf(wanted),
  });
  if (decision.outcome === 'none' || decision.outcome === 'incompatible') return decision;
  const disguised = disguisedTarget(deps, here.config, manifest);
  return disguised === null ? decision : { outcome: 'incompatible', ...disguised, downgrade: decision.downgrade };
}

/** A target that is a place of the updater by another name. */
function disguisedTarget({ paths }: StepDeps, config: Config, manifest: Manifest): Obstacle | null {
  const mapped = mapToDevice(
    manifest.files.map((file) => file.path),
    config.target,
  );
  const found = disguisedPlace(paths.root, [...mapped.values()]);
  if (found === null) return null;
  return {
    reason: `the release contains '${found.path}', which is another path to '${found.as}', a file of the updater itself`,
    hint: "change the [[target]] of '/etc/pikit/update.toml' that leads there",
  };
}

/** The release as `state.available` shows it. `route`: the way to the newest, this one first. */
export function toAvailable(
  release: FoundRelease,
  decision: Exclude<Decision, { outcome: 'none' }>,
  branch: string,
  route: readonly string[] = [],
): Available {
  const { manifest, sha256, signed } = release;
  const sizes = manifest.files.map((file) => file.size);
  return {
    version: manifest.version,
    branch,
    outcome: decision.outcome,
    reason: decision.reason,
    hint: decision.outcome === 'available' ? null : (decision.hint ?? null),
    downgrade: decision.downgrade,
    manifest_sha256: sha256,
    released: manifest.released ?? null,
    changelog: manifest.changelog,
    notes: manifest.notes,
    files: manifest.files.length,
    bundle_bytes: manifest.bundle?.size ?? null,
    tree_bytes: sizes.includes(undefined) ? null : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    ...(decision.outcome === 'available' ? { automatic: decision.automatic } : {}),
    ...(route.length > 1 ? { route: [...route] } : {}),
    ...(signed === null ? {} : { signed }),
  };
}

/** This updater was written after that day, so no right clock of a device that runs it is before it. */
const WRITTEN = Date.UTC(2026, 10, 1);

/** How far a clock may be behind what it cannot be behind of: clocks differ, and so do those of publishers. */
const TOLERANCE_MS = 24 * 3600 * 1000;

/**
 * A Pi has no clock of its own when it is off. Throws CLOCK_WRONG when it cannot be right: before this updater was built, or more than
 * a day behind `floor`, a time that is known to be past, of which `what` says how.
 */
export function assertClock(now: Date, floor: Date | null = null, what = 'this updater was built'): void {
  if (now.getTime() < WRITTEN) throw clockWrong(now, 'before this updater was built');
  if (floor !== null && now.getTime() < floor.getTime() - TOLERANCE_MS) throw clockWrong(now, `before ${what} (${floor.toISOString()})`);
}

function clockWrong(now: Date, why: string): UpdateError {
  return new UpdateError('CLOCK_WRONG', `the clock of this device says ${now.toISOString()}, which is ${why}`, {
    hint: 'set the clock (timedatectl), or wait until it has synchronised, then try again',
  });
}
