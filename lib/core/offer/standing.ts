/** How the release of a branch stands to what is installed: whether it is offered, and whether that is a step back. */
import { STABLE } from '../release/branches.ts';
import { compareVersions } from '../release/version.ts';

export interface InstalledFacts {
  current: string | null;
  /** The branch that is used now. */
  branch: string;
  /** The branch that `current` was installed from; null when that is not known. */
  installedBranch: string | null;
}

/** `newer` and `other` are offered, `other` being the same version with other build metadata. `downgrade`: offered although it is older. */
export type Standing = 'newer' | 'other' | 'installed' | 'downgrade' | 'older';

/**
 * On stable only newer releases count: an older one there is a mistake, or an attack. Any other branch is what its makers say
 * it is today, older or not. What is installed from another branch was left with it, so stable's release takes its place even
 * if that is older; from then on the device is on stable, and only newer ones count again. Build metadata (`1.5.0+issue.1234`)
 * does not make a version newer, and tells one build of a test branch from another.
 */
export function standingOf(version: string, { current, branch, installedBranch }: InstalledFacts): Standing {
  if (current === null) return 'newer';
  const order = compareVersions(version, current);
  if (order > 0) return 'newer';
  const isLoose = branch !== STABLE || (installedBranch !== null && installedBranch !== STABLE);
  if (order === 0) return isLoose && version !== current ? 'other' : 'installed';
  return isLoose ? 'downgrade' : 'older';
}
