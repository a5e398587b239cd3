/** From what is staged to what an installation would change, or why it is not installed. Nothing is changed yet. */
import type { Config } from '../core/device/config.ts';
import { describeChanges } from '../core/device/plan-summary.ts';
import { withForeign } from '../core/offer/automatic.ts';
import type { Manifest } from '../core/release/manifest.ts';
import type { KeptFile } from '../core/offer/foreign-files.ts';
import type { Staged } from '../core/device/state.ts';
import type { SignedBy } from '../core/trust/trust-state.ts';
import { assertReplaceable } from '../transaction/plan/unreplaceable.ts';
import { assertSpace } from '../transaction/plan/preflight.ts';
import { isPutAnew } from '../transaction/plan/diff.ts';
import { planChange } from '../transaction/plan/plan.ts';
import { readInstalled } from '../transaction/change/installed.ts';
import type { Installed, Plan } from '../transaction/types.ts';
import type { RootStepDeps } from './deps.ts';
import { assertConfirmed, describeForeign } from './foreign-confirmation.ts';
import { whyRefused } from './refuse.ts';
import { releaseChange } from './staging/change-set.ts';
import { stagedTree } from './staging/staging.ts';
import type { VerifiedRelease } from './trust/verified-release.ts';
import type { RunOrder } from './wanted.ts';
import { assertWanted } from './wanted.ts';

export interface Installation {
  config: Config;
  manifest: Manifest;
  /** Who signed it. */
  signed: SignedBy | null;
  branch: string;
  plan: Plan;
  installed: Installed | null;
  from: string | null;
}

export type PlannedInstallation =
  { is: 'refused'; why: string; version: string; foreign?: KeptFile[] } | { is: 'planned'; installation: Installation };

/**
 * Decides again about what is staged and verified, and plans it. Throws STAGED_INVALID, RELEASE_CHANGED for another release than the
 * owner agreed to, RELEASE_INCOMPATIBLE, FOREIGN_FILES, and what speaks against the change itself: DEST_*, NO_SPACE.
 */
export function planInstallation(
  deps: RootStepDeps,
  config: Config,
  { staged, release }: { staged: Staged; release: VerifiedRelease },
  order: RunOrder,
): PlannedInstallation {
  const { manifest, signed } = release;
  const { version } = manifest;
  const { by, wanted } = order;
  assertWanted(wanted, { version: staged.version, sha256: staged.manifest_sha256 }, `${staged.version} is downloaded`);
  const why = whyRefused(deps, config, staged, release, order);
  if (why !== null) return { is: 'refused', why, version };
  const installed = readInstalled(deps.place);
  const plan = planChange(deps.place, releaseChange(manifest, stagedTree(deps, staged.version), config, staged.branch, installed));
  if (by === 'timer' && plan.foreign.length > 0) return leaveToOwner(deps, version, plan);
  assertConfirmed(wanted?.replace ?? [], config, plan, version);
  assertReplaceable(deps.place, plan.ops);
  assertSpace(deps.place, plan);
  const from = installed?.version ?? deps.files.readVersion();
  deps.log.info(`installing ${version} over ${from ?? 'nothing'}: ${describeChanges(plan.ops.filter((op) => !isPutAnew(op)))}`);
  return { is: 'planned', installation: { config, manifest, signed, branch: staged.branch, plan, installed, from } };
}

/** It stays on offer, with the reason, until the owner installs it. */
function leaveToOwner(deps: RootStepDeps, version: string, plan: Plan): PlannedInstallation {
  const automatic = withForeign(version, describeForeign(plan.foreign));
  const { message } = automatic;
  const state = deps.files.readState();
  if (state.available?.version === version) deps.files.writeState({ ...state, available: { ...state.available, reason: message, automatic } });
  return { is: 'refused', why: message, version, foreign: plan.foreign.map(({ path, sha256 }) => ({ path, sha256, copy: null })) };
}
