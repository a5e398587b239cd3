/**
 * What others may know of what root keeps to itself, published in one direction: made anew from root's own files at the end of every
 * transaction, before its journal closes, and of every step that root runs. Root reads nothing back from it but what may be damaged
 * where it came from: the list of what is installed, and how far it has come in what is signed.
 */
import type { UpdateError } from '../../core/errors.ts';
import { toUpdateError } from '../../core/errors.ts';
import type { PublicFacts } from '../../core/device/public-facts.ts';
import { publicReceipt } from '../../core/device/public-receipt.ts';
import { driftOf } from '../../core/device/root-facts.ts';
import type { Receipt } from '../../core/device/state.ts';
import { wholeBackups } from '../../transaction/change/backups.ts';
import { readInstalled } from '../../transaction/change/installed.ts';
import type { Installed } from '../../transaction/types.ts';
import { findRollbackTarget, newestBackupTarget } from '../../transaction/plan/rollback-target.ts';
import type { StepDeps } from '../deps.ts';
import { publishedFloor } from '../trust/trust-floor.ts';

const HISTORY_SHOWN = 100;

type Deps = Pick<StepDeps, 'files' | 'place' | 'paths' | 'log'>;

/**
 * Best effort, and no write where there is no news: nothing but what is shown depends on it. A disk that is full or read-only
 * may be why the step failed, and that was told already.
 */
export function writePublicFacts(deps: Deps, step: Receipt['step'], failure: Pick<UpdateError, 'code'> | null): void {
  if (step !== 'check' && step !== 'fetch') publish(deps, findRollbackTarget, failure);
}

/** The same of a transaction that is over but for its journal: should the step be killed now, others know how it ended. */
export function publishClosing(deps: Deps, failure: Pick<UpdateError, 'code'> | null): void {
  publish(deps, newestBackupTarget, failure);
}

function publish(deps: Deps, rollbackTarget: typeof findRollbackTarget, failure: Pick<UpdateError, 'code'> | null): void {
  try {
    const published = publicFacts(deps, rollbackTarget);
    if (JSON.stringify(deps.files.readPublished()) !== JSON.stringify(published)) deps.files.writePublished(published);
  } catch (error) {
    const { code, message } = toUpdateError(error);
    if (code !== failure?.code) deps.log.warning(`failed to write published.json, ignoring: ${message}`);
  }
}

function publicFacts({ files, place, paths }: Omit<Deps, 'log'>, rollbackTarget: typeof findRollbackTarget): PublicFacts {
  const version = files.readVersion();
  const history = files.readHistory(HISTORY_SHOWN);
  return {
    schema: 1,
    version,
    installed: installedList(files, place),
    rollback: rollbackTarget(place),
    held: files.readHeld().versions,
    drift: driftOf(history, version),
    backup_path: wholeBackups(place).at(-1) ?? null,
    trust: publishedFloor({ files, paths }),
    history: history.map(publicReceipt),
  };
}

/** A damaged list stays as it was published last: the rest of the facts, such as a broken device, must not stay with it. */
function installedList(files: Deps['files'], place: Deps['place']): PublicFacts['installed'] {
  try {
    return installedFacts(readInstalled(place));
  } catch (error) {
    if (toUpdateError(error).code !== 'STATE_INVALID') throw error;
    return files.readPublished()?.installed ?? null;
  }
}

function installedFacts(installed: Installed | null): PublicFacts['installed'] {
  if (installed === null) return null;
  const { branch, dirs } = installed;
  return { branch, files: installed.files.map(({ path, sha256, size, mode }) => ({ path, sha256, size, mode })), dirs };
}
