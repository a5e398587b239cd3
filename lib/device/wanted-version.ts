/** What the owner agrees to for the update that is started next. Only what is on offer can be asked for, and a held one is tried again by that. */
import { isHeld } from '../core/offer/decide.ts';
import { UpdateError } from '../core/errors.ts';
import { followers } from '../core/release/stepping-stones.ts';
import type { Confirmed } from '../core/offer/foreign-files.ts';
import type { Receipt, State } from '../core/device/state.ts';
import type { ReaderDeps } from './deps.ts';

/** What the owner has agreed to: any release, a version, or the very manifest of it (`sha256`), and files that may be replaced. */
export interface Agreed {
  version: string | null;
  sha256: string | null;
  replace: readonly Confirmed[];
}

type Deps = Pick<ReaderDeps, 'files' | 'now'>;

/**
 * Writes down what is agreed to for the update that is started next, durably and at once, in place of what was before: an apply that
 * is started now can only mean this. Returns whether the version failed here before, which may be tried again once then. Throws
 * NOT_FOUND when it is not on offer, RELEASE_CHANGED when its manifest is another one by now; what was before is as it was then.
 */
export function agree(deps: Deps, agreed: Agreed): { heldBefore: boolean } {
  const { version, sha256 } = agreed;
  const state = deps.files.readState();
  if (version !== null && state.available?.version !== version) throw notOffered(state, version);
  if (sha256 !== null && state.available?.manifest_sha256 !== sha256) throw changed(version ?? '');
  return write(deps, state, agreed);
}

/** As agree, for what follows an update that was installed just now: nothing is on offer then, and the download asks what is. */
export function agreeToNext(deps: Deps, agreed: Omit<Agreed, 'sha256'>): void {
  write(deps, deps.files.readState(), { ...agreed, sha256: null });
}

/** Takes it back: an update that is started later is no answer to it. */
export function withdraw({ files }: Pick<ReaderDeps, 'files'>): void {
  files.dropWanted();
}

function write(deps: Deps, { available, held }: State, { version, sha256, replace }: Agreed): { heldBefore: boolean } {
  const isOffered = version !== null && available?.version === version;
  const heldBefore = (isOffered && available.outcome === 'held') || held.some((entry) => entry.version === version && isHeld(entry));
  if (version === null && replace.length === 0) withdraw(deps);
  else deps.files.writeWanted({ version, manifest_sha256: sha256, retry: heldBefore, replace: [...replace], at: deps.now().toISOString() });
  return { heldBefore };
}

function changed(version: string): UpdateError {
  return new UpdateError('RELEASE_CHANGED', `${version} is not the release that you confirmed: its manifest has changed`, {
    hint: 'review what it changes now and confirm again; nothing was changed',
  });
}

function notOffered({ available, branch, latest }: State, version: string): UpdateError {
  const offer = available?.version ?? null;
  const offered = offer === null ? `nothing newer${latest === null ? '' : ` (its latest is ${latest})`}` : offer;
  const follows = followers(available?.route ?? [], offer ?? '').includes(version);
  const installs = offer === null || available?.outcome === 'incompatible' ? '' : `\`pikit-update apply\` installs ${offer}; `;
  const hint = follows ? `${installs}${version} follows` : `${installs}\`pikit-update rollback\` rolls back to the previous release`;
  return new UpdateError('NOT_FOUND', `${version} is not available: the branch '${branch}' offers ${offered}`, { hint });
}

/** Between our look and the run's own, the branch may have moved on. Throws RELEASE_CHANGED. */
export function assertIsThat(wanted: string, installed: string | null, receipt: Receipt | null): void {
  if (installed === wanted || receipt?.outcome !== 'ok') return;
  throw new UpdateError('RELEASE_CHANGED', `${installed ?? 'nothing'} was installed instead of ${wanted}: the branch changed in the meantime`, {
    hint: '`pikit-update rollback` rolls back to the previous release',
  });
}
