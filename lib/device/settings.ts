/** The owner's choices, changed where the steps find them. */
import { UpdateError, toUpdateError } from '../core/errors.ts';
import type { Settings } from '../core/device/state.ts';
import type { ReaderDeps } from './deps.ts';

/**
 * As changeSettings of the files: durable, and nothing that another process changes at the same time is lost. `command`: what to type
 * as root, for a user who may not choose for the owner (PERMISSION). Throws BUSY and CANCELLED as that does.
 */
export async function changeSettings(
  { files, signal }: Pick<ReaderDeps, 'files' | 'signal'>,
  change: (now: Settings) => Settings,
  command: string,
): Promise<{ before: Settings; after: Settings }> {
  try {
    return await files.changeSettings(change, signal);
  } catch (error) {
    if (toUpdateError(error).code !== 'PERMISSION') throw error;
    throw new UpdateError('PERMISSION', 'only root can change the settings', { hint: `sudo pikit-update ${command} …`, cause: error });
  }
}
