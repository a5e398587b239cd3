/** Asking for one version: only what is on offer can be asked for, and a held one is tried again by that. */
import { isHeld } from '../core/decide.ts';
import { UpdateError } from '../core/errors.ts';
import { followers } from '../core/route.ts';
import type { Confirmed } from '../core/foreign.ts';
import type { Receipt, State } from '../core/state.ts';
import type { DeviceDeps } from './deps.ts';

/** What the owner has agreed to: any release, a version, or the very manifest of it (`sha256`), and files that may be replaced. */
export interface Agreed {
  version: string | null;
  sha256: string | null;
  replace: readonly Confirmed[];
}

/** Writes down what is agreed to for the update that is started next, in place of what was before. Throws as wantVersion. */
export function agree(deps: DeviceDeps, { version, sha256, replace }: Agreed): void {
  withdraw(deps);
  if (version !== null) wantVersion(deps, version, sha256);
  if (replace.length > 0) deps.files.writeConfirmed(replace);
}

/** Takes it back: an update that is started later is no answer to it. */
export function withdraw({ files }: DeviceDeps): void {
  files.dropWanted();
  files.dropRetry();
  files.takeConfirmed();
}

/**
 * Makes sure that an apply started now can only mean this release; one that failed here before may be tried again once. Returns
 * whether it is such a one. `sha256`: of the manifest that the owner has seen, where more than the version was said. Throws
 * NOT_FOUND when it is not on offer, RELEASE_CHANGED when its manifest is another one by now.
 */
export function wantVersion(deps: DeviceDeps, version: string, sha256: string | null = null): { heldBefore: boolean } {
  const state = deps.files.readState();
  if (state.available?.version !== version) throw notOffered(state, version);
  if (sha256 !== null && state.available.manifest_sha256 !== sha256) throw changed(version);
  const heldBefore = state.available.outcome === 'held' || state.held.some((entry) => entry.version === version && isHeld(entry));
  if (heldBefore) deps.files.writeRetry(version);
  deps.files.writeWanted({ version, manifest_sha256: sha256, at: deps.now().toISOString() });
  return { heldBefore };
}

function changed(version: string): UpdateError {
  return new UpdateError('RELEASE_CHANGED', `${version} is not the release that was confirmed: its manifest has changed since`, {
    hint: 'look at what it changes now, and confirm that; nothing was changed',
  });
}

function notOffered({ available, branch, latest }: State, version: string): UpdateError {
  const offer = available?.version ?? null;
  const offered = offer === null ? `nothing that is newer${latest === null ? '' : ` (its latest is ${latest})`}` : offer;
  const follows = followers(available?.route ?? [], offer ?? '').includes(version);
  const installs = offer === null || available?.outcome === 'incompatible' ? '' : `\`pikit-update apply\` installs ${offer}; `;
  const hint = follows ? `${installs}${version} follows` : `${installs}\`pikit-update rollback\` goes back to the release before`;
  return new UpdateError('NOT_FOUND', `${version} is not on offer: the branch '${branch}' offers ${offered}`, { hint });
}

/** Between our look and the run's own, the branch may have moved on. Throws RELEASE_CHANGED. */
export function assertIsThat(wanted: string, installed: string | null, receipt: Receipt | null): void {
  if (installed === wanted || receipt?.outcome !== 'ok') return;
  throw new UpdateError('RELEASE_CHANGED', `${installed ?? 'nothing'} was installed, and not ${wanted}: the branch has changed in between`, {
    hint: '`pikit-update rollback` goes back to the release before',
  });
}
