/** What the owner's choice to skip a version makes of what the last check found: the choice counts at once, not from the next check on. */
import { describeDowngrade, describeSkipped } from './decide.ts';
import type { Available, Settings, State } from '../device/state.ts';

export interface WithSkip {
  settings: Pick<Settings, 'skipped_version'>;
  current: string | null;
  installedBranch: string | null;
}

/** What was available is skipped while its version is; what was skipped and is not any more is available, as a check by hand would say. */
export function applySkip(available: Available, { settings, current, installedBranch }: WithSkip): Available {
  const { version, branch, outcome, downgrade } = available;
  const isSkipped = settings.skipped_version === version;
  if (outcome === 'available' && isSkipped) return { ...available, outcome: 'skipped', reason: describeSkipped(version) };
  if (outcome !== 'skipped' || isSkipped) return available;
  return { ...available, outcome: 'available', reason: downgrade ? describeDowngrade({ current, branch, installedBranch }) : null };
}

/** The same status with its offer as it is chosen. */
export function applySkipToState<T extends Pick<State, 'available' | 'current' | 'installed_branch'> & Pick<WithSkip, 'settings'>>(status: T): T {
  const { available, settings, current, installed_branch: installedBranch } = status;
  return available === null ? status : { ...status, available: applySkip(available, { settings, current, installedBranch }) };
}
