/** Asking for one version: only what is on offer can be asked for, and a held one is tried again by that. */
import { isHeld } from '../core/decide.ts';
import { UpdateError } from '../core/errors.ts';
import type { Receipt, State } from '../core/state.ts';
import type { DeviceDeps } from './deps.ts';

/** An apply takes what is staged before it looks at anything else. */
export function isOffered({ available, staged }: State, version: string): boolean {
  return available?.version === version && (staged === null || staged.version === version);
}

/**
 * Makes sure that an apply can only mean this version; one that failed here before may be tried again once. Returns whether
 * it is such a one. Throws NOT_FOUND when it is not on offer.
 */
export function wantVersion(deps: DeviceDeps, version: string): { heldBefore: boolean } {
  const state = deps.files.readState();
  if (!isOffered(state, version)) throw notOffered(state, version);
  const heldBefore = state.available?.outcome === 'held' || state.held.some((entry) => entry.version === version && isHeld(entry));
  if (heldBefore) deps.files.writeRetry(version);
  return { heldBefore };
}

function notOffered({ available, branch, latest }: State, version: string): UpdateError {
  const offer = available?.version ?? null;
  const offered = offer === null ? `nothing that is newer${latest === null ? '' : ` (its latest is ${latest})`}` : offer;
  return new UpdateError('NOT_FOUND', `${version} is not on offer: the branch '${branch}' offers ${offered}`, {
    hint: `${offer === null ? '' : `\`pikit-update apply\` installs ${offer}; `}\`pikit-update rollback\` goes back to the release before`,
  });
}

/** Between our look and the run's own, the branch may have moved on. Throws RELEASE_CHANGED. */
export function assertIsThat(wanted: string, installed: string | null, receipt: Receipt | null): void {
  if (installed === wanted || receipt?.outcome !== 'ok') return;
  throw new UpdateError('RELEASE_CHANGED', `${installed ?? 'nothing'} was installed, and not ${wanted}: the branch has changed in between`, {
    hint: '`pikit-update rollback` goes back to the release before',
  });
}
