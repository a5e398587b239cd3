/** What went wrong last, until something has gone well. */
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import type { Receipt } from '../../lib/core/device/state.ts';

export type Verdict = Pick<Receipt, 'step' | 'outcome' | 'at' | 'code' | 'message' | 'hint' | 'subject' | 'lines' | 'to' | 'tx'>;

/** The receipt of it; of a step that was killed before it could write one, what its run says. Null when all is well, or something runs. */
export function verdictOf({ run, last_result: last }: StatusAnswer): Verdict | null {
  if (run?.state === 'running') return null;
  const killed = run?.steps.findLast(({ state }) => state === 'failed');
  // Neither a check nor a download makes whole what is broken.
  const isBroken = last?.outcome === 'broken' && /^(check|fetch)$/.test(killed?.step ?? '');
  if (run !== null && killed !== undefined && !isBroken) {
    const at = killed.started ?? run.started;
    const { outcome, code, message, hint, version } = run;
    const about = { outcome: outcome ?? 'failed', code, message: message ?? '', hint, to: version };
    if (last === null || Date.parse(last.at) < Date.parse(at)) return { step: killed.step, at, ...about, subject: null, lines: [], tx: null };
  }
  return last !== null && /^(failed|rolled-back|broken)$/.test(last.outcome) ? last : null;
}
