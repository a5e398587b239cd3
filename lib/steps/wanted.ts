/**
 * What the owner has agreed to: a version or its very manifest, in the place of which nothing else is installed; that a held one is
 * tried again; and which files that no release brought may be replaced. It lies in a folder of root as one file, with one age, and
 * is of one installation that is started by hand: apply takes it away before it does anything else.
 */
import { UpdateError, toUpdateError } from '../core/errors.ts';
import type { Starter } from '../core/offer/decide.ts';
import type { Wanted } from '../core/device/state.ts';
import type { RootStepDeps, StepDeps } from './deps.ts';

/** Who started a run, and what the owner has agreed to for it. The timer takes nothing of that up. */
export interface RunOrder {
  by: Starter;
  wanted: Wanted | null;
}

export const BY_TIMER: RunOrder = { by: 'timer', wanted: null };

/** Gone with this: it is of this installation alone, however that ends. Throws where it cannot be removed. */
export function takeApplyOrder(deps: RootStepDeps): RunOrder {
  const granted = deps.granted === undefined ? deps.files.takeToken('apply') : deps.granted;
  if (granted?.by === 'timer') return BY_TIMER;
  const wanted = readWanted(deps);
  deps.files.dropWanted();
  return { by: 'owner', wanted };
}

/**
 * A run that takes longer to come to its apply does not come any more: a wish that stayed is not held against the next one, nor in its
 * favour. More than all that lies between: a download to its time limit (15 min), the wait for the network, two locks of 2 min each.
 */
const LASTS_MS = 30 * 60 * 1000;

/** The wish for this run, or null; one that is too old, or from a clock that was set back since, is dropped. */
export function readWanted({ files, now }: Pick<StepDeps, 'files' | 'now'>): Wanted | null {
  const wanted = files.readWanted();
  if (wanted === null) return null;
  const age = now().getTime() - Date.parse(wanted.at);
  if (age >= -LASTS_MS && age < LASTS_MS) return wanted;
  dropWanted({ files });
  return null;
}

/** Best effort: it is root's, and ends by its age where the step that wants it gone is not root. */
export function dropWanted({ files }: Pick<StepDeps, 'files'>): void {
  try {
    files.dropWanted();
  } catch (error) {
    if (toUpdateError(error).code !== 'PERMISSION') throw error;
  }
}

/** The version that is tried again although it is held, or null. */
export function retryOf(wanted: Wanted | null): string | null {
  return wanted?.retry === true ? wanted.version : null;
}

/** `found`: what would be installed, or null for nothing; `says`: what there is instead. Throws RELEASE_CHANGED. */
export function assertWanted(wanted: Wanted | null, found: { version: string; sha256: string } | null, says: string): void {
  if (wanted === null || wanted.version === null) return;
  const { version, manifest_sha256: sha256 } = wanted;
  if (found?.version === version && (sha256 === null || sha256 === found.sha256)) return;
  const what =
    found?.version === version
      ? `${version} is not the release that you confirmed: its manifest has changed`
      : `${version} was requested, but is not available now`;
  throw new UpdateError('RELEASE_CHANGED', `${what}: ${says}`, {
    hint: 'see what is available now with `pikit-update plan`, and install it with `pikit-update apply`; nothing was changed',
  });
}
