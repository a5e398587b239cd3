/**
 * `pikit-update logs`: the journal of our units, as journalctl prints it. Each line begins with the unit that systemd knows, since
 * any program may write under any name; and it passes through us, since journalctl lets through what turns text around.
 */
import { UpdateError } from '../core/errors.ts';
import type { CliDeps, Done } from './deps.ts';
import { sayLine } from './say.ts';

/** Without a pager that is what one can look through. */
const ON_TERMINAL = 200;

/** Throws NOT_FOUND in a folder, which has no journal. */
export async function logsCommand(deps: CliDeps, { follow, count }: { follow: boolean; count: number | null }): Promise<Done> {
  if (deps.journalctl === null) {
    throw new UpdateError('NOT_FOUND', `'${deps.paths.root}' is a folder and has no journal`, {
      hint: '`pikit-update history` shows what happened there',
    });
  }
  const lines = count ?? (deps.terminal.isTerminal && !follow ? ON_TERMINAL : null);
  const args = [
    '--unit=pikit-update-*',
    '--output=with-unit',
    ...(follow ? ['--follow'] : []),
    ...(lines === null ? [] : [`--lines=${String(lines)}`]),
  ];
  const show = (line: string): void => {
    sayLine(deps.terminal, line);
  };
  return { exit: await deps.journalctl(args, show), json: null };
}
