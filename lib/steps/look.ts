/** What there is for this device: a release and a verdict, shared by check and fetch. */
import { UpdateError } from '../core/errors.ts';
import type { Config } from '../core/config.ts';
import type { Decision, Obstacle } from '../core/decide.ts';
import { cohortOf, decide, incompatibility } from '../core/decide.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Available, Settings, State } from '../core/state.ts';
import { mapToDevice } from '../core/targets.ts';
import { disguisedPlace } from '../transaction/guarded.ts';
import { branchAsKnown } from './branch.ts';
import type { StepDeps } from './deps.ts';
import type { Release } from './release-source.ts';

export interface Situation {
  config: Config;
  settings: Settings;
  state: State;
  current: string | null;
  /** The branch that is used: the owner's choice, or what stands in for it. */
  branch: string;
}

/**
 * Reads configuration, choices and state, and asks nobody; what is installed is in the state too, should its file be damaged.
 * Throws CONFIG_MISSING or CONFIG_INVALID.
 */
export function survey(deps: StepDeps): Situation {
  const config = deps.loadConfig();
  const settings = deps.files.readSettings();
  const state = deps.files.readState();
  return { config, settings, state, current: deps.files.readVersion() ?? state.current, branch: branchAsKnown(deps, config, settings.branch) };
}

/**
 * Signatures are not verified by this version, so no release counts as signed. Nobody may say otherwise, state.json least of
 * all: it belongs to the user with the network, and root decides by this whether a release may bring commands.
 */
const RELEASES_ARE_SIGNED = false;

/** Weighs a release for this device. */
export function weigh(deps: StepDeps, here: Situation, release: Release, byHand: boolean): Decision {
  const decision = decide(release.manifest, {
    current: here.current,
    branch: here.branch,
    installedBranch: here.state.installed_branch,
    settings: here.settings,
    held: here.state.held,
    config: here.config,
    arch: deps.arch,
    cohort: cohortOf(deps.machineId(), release.manifest.version),
    signed: RELEASES_ARE_SIGNED,
    byHand,
    // What the owner wanted tried again may not have come to it: the timer does not take it up.
    retry: byHand ? deps.files.readRetry() : null,
  });
  if (decision.outcome === 'none' || decision.outcome === 'incompatible') return decision;
  const disguised = disguisedTarget(deps, here.config, release.manifest);
  return disguised === null ? decision : { outcome: 'incompatible', ...disguised, downgrade: decision.downgrade };
}

/** Why a release cannot be installed on this device at all, its directories looked at; or null. */
export function obstacle(deps: StepDeps, config: Config, manifest: Manifest, current: string | null): Obstacle | null {
  const about = { current, arch: deps.arch, config, signed: RELEASES_ARE_SIGNED };
  return incompatibility(manifest, about) ?? disguisedTarget(deps, config, manifest);
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
    reason: `the release would bring '${found.path}', which is '${found.as}' by another name, and so the updater's own`,
    hint: "change the [[target]] of '/etc/pikit/update.toml' that leads there",
  };
}

/** The release as `state.available` shows it. `route`: the way to the newest, this one first. */
export function toAvailable(
  release: Release,
  decision: Exclude<Decision, { outcome: 'none' }>,
  branch: string,
  route: readonly string[] = [],
): Available {
  const { manifest, sha256 } = release;
  const sizes = manifest.files.map((file) => file.size);
  return {
    version: manifest.version,
    branch,
    outcome: decision.outcome,
    reason: decision.reason,
    hint: decision.hint ?? null,
    downgrade: decision.downgrade,
    manifest_sha256: sha256,
    released: manifest.released ?? null,
    changelog: manifest.changelog,
    notes: manifest.notes,
    files: manifest.files.length,
    bundle_bytes: manifest.bundle?.size ?? null,
    tree_bytes: sizes.includes(undefined) ? null : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    ...(route.length > 1 ? { route: [...route] } : {}),
  };
}

/** The clock floor: this updater was written after that day, so no right clock of a device that runs it is before it. */
const CLOCK_FLOOR = Date.UTC(2026, 10, 1);

/** A Pi has no clock of its own when it is off. Throws CLOCK_WRONG when it cannot be right. */
export function assertClock(now: Date): void {
  if (now.getTime() >= CLOCK_FLOOR) return;
  throw new UpdateError('CLOCK_WRONG', `the clock of this device says ${now.toISOString()}, which is before this updater was made`, {
    hint: 'set the clock (timedatectl), or wait until it has synchronised, then try again',
  });
}
