/** `pikit-update branch --dismiss [ID]`: takes notices away that the owner has seen. */
import { removalId } from '../core/branch-choice.ts';
import { UpdateError } from '../core/errors.ts';
import { takeLock } from '../io/lock.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { sayLine } from './say.ts';
import { table } from './table.ts';

const LOCK_WAIT_MS = 5000;

/** All of them, or the one with this id (or about this branch). Throws NOT_FOUND, and BUSY while a step is running. */
export async function dismissCommand(deps: CliDeps, { json, id }: { json: boolean; id: string | null }): Promise<Done> {
  // A step writes the state at its end as it found it: without the lock, what is dismissed now would come back then.
  await takeLock(deps.paths.lock, { waitMs: LOCK_WAIT_MS, onWait: () => undefined, signal: deps.signal });
  const state = deps.files.readState();
  const dismissed = state.notices.filter((notice) => id === null || notice.id === id || notice.id === removalId(id));
  if (id !== null && dismissed.length === 0) {
    throw new UpdateError('NOT_FOUND', `there is no notice '${id}'`, {
      hint: state.notices.length === 0 ? 'there is none at all' : `there are ${state.notices.map((notice) => notice.id).join(', ')}`,
    });
  }
  if (dismissed.length > 0) deps.files.writeState({ ...state, notices: state.notices.filter((notice) => !dismissed.includes(notice)) });
  if (!json) {
    if (dismissed.length === 0) sayLine(deps.terminal, 'there is no notice');
    else deps.terminal.out(table(dismissed.map(({ message }) => ['dismissed', message])));
  }
  return { exit: EXIT.ok, json: { dismissed } };
}
