/** At the end of every step that root runs: what others may know of what root keeps to itself. */
import type { UpdateError } from '../core/errors.ts';
import { toUpdateError } from '../core/errors.ts';
import type { Published } from '../core/published.ts';
import { publicReceipt } from '../core/public-receipt.ts';
import type { Receipt } from '../core/state.ts';
import { readInstalled } from '../transaction/installed.ts';
import type { Installed } from '../transaction/types.ts';
import { findRollbackTarget } from '../transaction/rollback-target.ts';
import type { StepDeps } from './deps.ts';

const HISTORY_SHOWN = 100;

/**
 * Best effort, and no write where there is no news: nothing but what is shown depends on it. A disk that is full or read-only
 * may be why the step failed, and that was told already.
 */
export function publish(deps: Pick<StepDeps, 'files' | 'place' | 'narrate'>, step: Receipt['step'], failure: UpdateError | null): void {
  if (step === 'check' || step === 'fetch') return;
  try {
    const published = publicFacts(deps);
    if (JSON.stringify(deps.files.readPublished()) !== JSON.stringify(published)) deps.files.writePublished(published);
  } catch (error) {
    const { code, message } = toUpdateError(error);
    if (code !== failure?.code) deps.narrate.warning(`what others than root may know could not be written (${message}), ignoring`);
  }
}

function publicFacts({ files, place }: Pick<StepDeps, 'files' | 'place'>): Published {
  return {
    schema: 1,
    version: files.readVersion(),
    installed: installedFacts(readInstalled(place)),
    rollback: findRollbackTarget(place),
    history: files.readHistory(HISTORY_SHOWN).map(publicReceipt),
  };
}

function installedFacts(installed: Installed | null): Published['installed'] {
  if (installed === null) return null;
  const { branch, dirs } = installed;
  return { branch, files: installed.files.map(({ path, sha256, size, mode }) => ({ path, sha256, size, mode })), dirs };
}
