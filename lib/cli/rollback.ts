/** `pikit-update rollback` */
import { UpdateError } from '../core/errors.ts';
import type { CliDeps, Done } from './deps.ts';
import { runningSteps } from '../device/running.ts';
import { rollbackTarget } from '../device/rollback-target.ts';
import { runAndTell } from './run-command.ts';
import { sayLine } from './say.ts';

/** Says where it goes, and goes there. What cannot be done the unit finds out itself, and records. */
export async function rollbackCommand(deps: CliDeps, { json }: { json: boolean }): Promise<Done> {
  const target = rollbackTarget(deps);
  if (target.is === 'private') throw new UpdateError('PERMISSION', 'only root can roll back', { hint: 'sudo pikit-update rollback' });
  if (!json) {
    const isMidWay = target.is === 'open' && (await runningSteps(deps, ['apply', 'rollback', 'recover'])).length > 0;
    if (isMidWay) sayLine(deps.terminal, 'an update is being installed; waiting for it to finish');
    else if (target.is === 'open') sayLine(deps.terminal, 'resolving an interrupted update');
    if (target.is === 'there')
      sayLine(deps.terminal, `rolling back from ${target.from ?? 'nothing'} to ${target.to ?? 'the state before the first update'}`);
  }
  return await runAndTell(deps, { steps: ['rollback'], json, what: 'the rollback' });
}
