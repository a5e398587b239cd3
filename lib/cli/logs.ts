/** `pikit-update logs`: the journal of our units, by journalctl itself. */
import { UpdateError } from '../core/errors.ts';
import type { CliDeps, Done } from './deps.ts';

/** Throws NOT_FOUND in a folder, which has no journal. */
export async function logsCommand(deps: CliDeps, { follow, count }: { follow: boolean; count: number | null }): Promise<Done> {
  if (deps.journalctl === null) {
    throw new UpdateError('NOT_FOUND', `'${deps.paths.root}' is a folder and has no journal`, {
      hint: '`pikit-update history` shows what happened there',
    });
  }
  const args = ['--unit=pikit-update-*', ...(follow ? ['--follow'] : []), ...(count === null ? [] : [`--lines=${String(count)}`])];
  return { exit: await deps.journalctl(args), json: null };
}
