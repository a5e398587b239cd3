/** Stops the running step where that is safe. */
import { UpdateError } from '../core/errors.ts';
import { shellWord } from '../core/command-line/shell-word.ts';
import type { ReaderDeps } from './deps.ts';
import type { Step } from './running.ts';
import { liveProgress, runningSteps, unitOf } from './running.ts';

/**
 * Stops check and fetch, which have changed nothing. An apply undoes what it has done, unless it was complete already. A
 * rollback or a recovery is not stopped: it ends with the old files either way. Throws BUSY then. Returns the steps that were
 * stopped, and says in words through `tell` what became of them.
 */
export async function cancelRun(deps: ReaderDeps, tell: (text: string) => void): Promise<Step[]> {
  const running = await runningSteps(deps, ['check', 'fetch', 'apply', 'rollback', 'recover']);
  const last = running.find((step) => step === 'rollback' || step === 'recover');
  if (last !== undefined) {
    throw new UpdateError('BUSY', `cannot cancel a ${last === 'rollback' ? 'rollback' : 'recovery'}`, {
      hint: 'wait until it finishes; it restores the old files',
    });
  }
  if (running.length === 0) tell('nothing to cancel: no step is running');
  for (const step of running) {
    if (step === 'apply') tell('stopping the update; it restores the files it replaced, unless it is already complete');
    await stopStep(deps, step);
    tell(step === 'check' ? 'the check was stopped' : step === 'fetch' ? 'the download was stopped; the downloaded part is kept' : applyEnd(deps));
  }
  return running;
}

/** Ends one step, and waits until it has ended. Throws STEP_FAILED when it does not. */
export async function stopStep(deps: ReaderDeps, step: Step): Promise<void> {
  const units = await deps.units();
  const { active, waiting } = await units.look(unitOf(step));
  if (deps.terminate !== null && !active && !waiting) {
    const progress = liveProgress(deps);
    if (progress !== null) deps.terminate(progress.pid);
    return;
  }
  const result = await units.stop(unitOf(step));
  if (result !== 'done')
    throw new UpdateError('STEP_FAILED', `failed to stop '${unitOf(step)}' (${result})`, {
      hint: `\`systemctl status ${shellWord(unitOf(step))}\` shows why`,
    });
}

function applyEnd(deps: ReaderDeps): string {
  const { last_result: result } = deps.files.readState();
  return result?.step === 'apply' ? result.message : 'the update was stopped';
}
