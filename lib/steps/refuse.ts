/** Whether root installs what was downloaded: decided again, from root's own files; what fetch thought is not enough. */
import type { Config } from '../core/config.ts';
import { describeHeld, isHeld } from '../core/decide.ts';
import { UpdateError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import type { InstalledFacts, Standing } from '../core/offer.ts';
import { describeDowngradeLeft, standingOf } from '../core/offer.ts';
import type { Staged } from '../core/state.ts';
import { readInstalled } from '../transaction/installed.ts';
import { branchAsKnown } from './branch.ts';
import type { DeviceDeps } from './deps.ts';
import { obstacle } from './look.ts';
import { dropStaging } from './staging.ts';

/**
 * Why what is staged is not installed, or null when it may be. Drops what can never be installed from there: another branch's,
 * and what is not newer. Throws RELEASE_INCOMPATIBLE for a release that is not for this device.
 */
export function refuse(deps: DeviceDeps, config: Config, staged: Staged, manifest: Manifest, isByHand: boolean): string | null {
  const current = deps.files.readVersion() ?? readInstalled(deps.place)?.version ?? null;
  const branch = branchAsKnown(deps, config, deps.files.readSettings().branch);
  const { version } = manifest;
  if (staged.branch !== branch) {
    dropStaging(deps);
    return `${version} was downloaded from the branch '${staged.branch}', and this device uses '${branch}' now: it is not installed`;
  }
  const standing = standingHere(deps, version, { current, branch });
  if (standing === 'installed' || standing === 'older') {
    dropStaging(deps);
    return standing === 'installed' ? `${current ?? version} is installed` : `${version} is older than ${current ?? 'nothing'}, which is installed`;
  }
  const problem = obstacle(deps, config, manifest, current);
  if (problem !== null) throw new UpdateError('RELEASE_INCOMPATIBLE', problem.reason, { hint: problem.hint });
  const held = deps.files.readHeld().versions.find((entry) => entry.version === version);
  if (held !== undefined && isHeld(held) && !(isByHand && deps.files.readRetry() === version)) {
    return describeHeld(version, `it failed here before (${held.message})`);
  }
  if (isByHand) return null;
  if (standing === 'downgrade') return describeDowngradeLeft(version, current);
  if (held?.reason === 'rolled-back') {
    return `${version} is not installed by itself: you went back from it; \`pikit-update apply\` installs it`;
  }
  // The chain was begun by steps that root does not trust: it comes this far only where the owner has said so to root.
  const { auto } = deps.files.readSettings();
  if (auto !== 'install') {
    return `${version} is not installed by itself: the setting is '${auto}'; \`pikit-update apply\` installs it`;
  }
  return null;
}

/** A list of what is installed that cannot be read is in nobody's way who goes up. */
function standingHere(deps: DeviceDeps, version: string, here: Pick<InstalledFacts, 'current' | 'branch'>): Standing {
  const standing = standingOf(version, { ...here, installedBranch: null });
  return standing === 'older' || standing === 'installed'
    ? standingOf(version, { ...here, installedBranch: readInstalled(deps.place)?.branch ?? null })
    : standing;
}
