/** Whether root installs what was downloaded: decided again, from root's own files; what fetch thought is not enough. */
import type { Config } from '../core/device/config.ts';
import { describeHeld } from '../core/offer/decide.ts';
import { UpdateError } from '../core/errors.ts';
import type { Staged } from '../core/device/state.ts';
import type { RootStepDeps } from './deps.ts';
import { decideFor, readRootFacts } from './source/situation.ts';
import { dropStaging } from './staging/staging.ts';
import type { VerifiedRelease } from './trust/verified-release.ts';
import type { RunOrder } from './wanted.ts';

/**
 * Why what is staged is not installed, or null when it may be. Drops what can never be installed from there: another branch's,
 * and what is not newer. Throws RELEASE_INCOMPATIBLE for a release that is not for this device.
 */
export function whyRefused(deps: RootStepDeps, config: Config, staged: Staged, release: VerifiedRelease, order: RunOrder): string | null {
  const here = readRootFacts(deps, config, release.branch);
  const { current, branch } = here;
  const { version } = release.manifest;
  if (staged.branch !== branch) {
    dropStaging(deps);
    return `${version} is not installed: it was downloaded from the branch '${staged.branch}', and this device now follows '${branch}'`;
  }
  const decision = decideFor(deps, here, release, order);
  switch (decision.outcome) {
    case 'none':
      dropStaging(deps);
      return decision.standing === 'installed' ? decision.reason : `${version} is older than ${current ?? 'nothing'}, which is installed`;
    case 'incompatible':
      throw new UpdateError('RELEASE_INCOMPATIBLE', decision.reason ?? version, decision.hint === undefined ? {} : { hint: decision.hint });
    case 'held':
      return describeHeld(version, decision.reason);
    case 'waiting':
    case 'skipped':
      return `${version} is not offered: ${decision.reason ?? ''}`;
    case 'available':
      return order.by === 'timer' ? (decision.automatic?.message ?? null) : null;
    default:
      return decision satisfies never;
  }
}

/** Why there is nothing to install, as the last check knew it. */
export function whyNothing(deps: RootStepDeps): string {
  const { available } = deps.files.readState();
  const current = deps.files.readVersion();
  if (available?.outcome === 'available') return `${available.version} is available but not downloaded yet: run fetch first`;
  if (available?.outcome === 'held') return describeHeld(available.version, available.reason);
  if (available !== null && available.reason !== null) {
    const { reason, hint = null } = available;
    return `there is nothing to install: ${reason}${hint === null ? '' : `; ${hint}`}`;
  }
  return current === null ? 'there is nothing to install' : `${current} is installed and there is nothing newer`;
}
