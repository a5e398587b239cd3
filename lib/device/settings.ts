/** The owner's choices, written where the steps find them. */
import { UpdateError, toUpdateError } from '../core/errors.ts';
import type { Settings } from '../core/state.ts';
import type { DeviceDeps } from './deps.ts';

/** Durable. Throws PERMISSION for whoever may not choose for the owner. */
export function writeSettings(deps: DeviceDeps, settings: Settings, command: string): void {
  try {
    deps.files.writeSettings(settings);
  } catch (error) {
    if (toUpdateError(error).code !== 'PERMISSION') throw error;
    throw new UpdateError('PERMISSION', 'only root can change the settings', { hint: `sudo pikit-update ${command} …`, cause: error });
  }
}
