/** Whether the page that is looked at is of a release that is not installed any more. */
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';

/** The version that replaced the one that ran when the page was loaded; null when none did, or something still runs that may take it back. */
export function replacedBy(loaded: string | null | undefined, { current, run }: Pick<StatusAnswer, 'current' | 'run'>): string | null {
  return run?.state === 'running' || current === null || current === loaded ? null : current;
}
