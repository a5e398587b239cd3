/** What the owner has agreed to, by its version or by its very manifest: nothing else is installed in its place. */
import { UpdateError, toUpdateError } from '../core/errors.ts';
import type { Wanted } from '../core/state.ts';
import type { StepDeps } from './deps.ts';

/** A run that takes longer to begin does not come any more: a wish that stayed is not held against the next one. */
const LASTS_MS = 15 * 60 * 1000;

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

/** `found`: what would be installed, or null for nothing; `says`: what there is instead. Throws RELEASE_CHANGED. */
export function assertWanted(wanted: Wanted | null, found: { version: string; sha256: string } | null, says: string): void {
  if (wanted === null) return;
  const { version, manifest_sha256: sha256 } = wanted;
  if (found?.version === version && (sha256 === null || sha256 === found.sha256)) return;
  const what =
    found?.version === version
      ? `${version} is not the release that was confirmed: its manifest has changed since`
      : `${version} was asked for, and is not what there is now`;
  throw new UpdateError('RELEASE_CHANGED', `${what}: ${says}`, {
    hint: 'look at what there is now (`pikit-update plan`), and install that with `pikit-update apply`; nothing was changed',
  });
}
