/** What is shown and not in the status: asked for when it comes into sight, and again when what it depends on has changed. */
import type { StatusAnswer } from '../lib/core/http-api/api-answers.ts';
import type { View } from './parts/view.ts';

/** `times` is how often the device was reached: what was fetched before may be old. */
export function fetchShown(status: StatusAnswer, times: number, { unfolded, plan, branches, automatic, history }: View): void {
  const { available, current, staged, last_check, last_result, run, settings, following } = status;
  const offer = [available?.manifest_sha256, available?.outcome, staged?.at];
  const about = JSON.stringify([times, offer, current, last_check, last_result?.at, run?.state, settings, following]);
  if (available !== null && run?.state !== 'running') plan.want(about);
  if (unfolded.has('branch')) branches.want(about);
  if (unfolded.has('auto')) automatic.want(about);
  if (unfolded.has('history')) history.want(about);
}
