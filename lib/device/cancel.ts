/** Ends what is running where ending is safe. */
import { UpdateError } from '../core/errors.ts';
import { shellWord } from '../core/shell-word.ts';
import type { DeviceDeps } from './deps.ts';
import type { Step } from './running.ts';
import { liveProgress, runningSteps, unitOf } from './running.ts';

/**
 * Stops check and fetch, which have changed nothing. An apply undoes what it has done, unless it was complete already. A
 * rollback or a recovery is not stopped: it ends with the old files either way. Throws BUSY then. Returns the steps that were
 * stopped, and says in words through `tell` what became of them.
 */
export async function cancelRun(deps: DeviceDeps, tell: (text: string) => void): Promise<Step[]> {
  const running = await runningSteps(deps, ['check', 'fetch', 'apply', 'rollback', 'recover']);
  const last = running.find((step) => step === 'rollback' || step === 'recover');
  if (last !== undefined) {
    throw new UpdateError('BUSY', `a ${last === 'rollback' ? 'rollback' : 'recovery'} is running, and is not stopped`, {
      hint: 'it ends with the old files either way: wait for it',
    });
  }
  if (running.length === 0) tell('nothing is running: there is nothing to cancel');
  for (const step of running) {
    if (step === 'apply') tell('the update is stopped: it puts back what it has replaced, unless it was complete already');
    await stopStep(deps, step);
    tell(step === 'check' ? 'the check was stopped' : step === 'fetch' ? 'the download was stopped; what has arrived is kept' : applyEnd(deps));
  }
  return running;
}

/** Ends one step, and waits until it has ended. Throws STEP_FAILED when it does not. */
export async function stopStep(deps: DeviceDeps, step: Step): Promise<void> {
  const units = await deps.units();
  const { active, waiting } = await units.look(unitOf(step));
  if (deps.terminate !== null && !active && !waiting) {
    const progress = liveProgress(deps);
    if (progress !== null) deps.terminate(progress.pid);
    return;
  }
  const result = await units.stop(unitOf(step));
  if (result !== 'done')
    throw new UpdateError('STEP_FAILED', `'${unitOf(step)}' could not be stopped (${result})`, {
      hint: `\`systemctl status ${shellWord(unitOf(step))}\` shows why`,
    });
}

function applyEnd(deps: DeviceDeps): string {
  const { last_result: result } = deps.files.readState();
  return result?.step === 'apply' ? result.message : 'the update was stopped';
}
