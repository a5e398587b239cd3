/** What is running now: by progress.json, which is only believed while its process is there. */
import type { Progress } from '../core/device/state.ts';
import type { ReaderDeps } from './deps.ts';

export type Step = Progress['step'];

export function unitOf(step: Step): string {
  return `pikit-update-${step}.service`;
}

/** What the running step reports, or null: a step that was killed leaves its last report behind. */
export function liveProgress(deps: Pick<ReaderDeps, 'files' | 'isAlive'>): Progress | null {
  const progress = deps.files.readProgress();
  return progress !== null && deps.isAlive(progress.pid) ? progress : null;
}

/** The steps whose units are active or about to be, and in a folder the one that reports progress. An apply that waits for its fetch is none. */
export async function runningSteps(deps: ReaderDeps, steps: readonly Step[]): Promise<Step[]> {
  const units = await deps.units();
  const reporting = deps.terminate === null ? null : (liveProgress(deps)?.step ?? null);
  const found: Step[] = [];
  for (const step of steps) {
    const { active, waiting } = await units.look(unitOf(step));
    if (step === reporting || active || (waiting && step !== 'apply')) found.push(step);
  }
  return found;
}
