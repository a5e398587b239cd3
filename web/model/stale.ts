/** Whether what is known of the releases is too old to be told as news. */
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';

const DAY_MS = 86_400_000;
const MOST_DAYS = { auto: 3, off: 30 };

/** Whole days since the last check when that is too long ago, `never` when there was none, null when it is fresh enough. */
export function staleness({ last_check: last, settings }: Pick<StatusAnswer, 'last_check' | 'settings'>, nowMs: number): number | 'never' | null {
  if (last === null) return 'never';
  const days = Math.floor((nowMs - Date.parse(last)) / DAY_MS);
  return days >= (settings.auto === 'off' ? MOST_DAYS.off : MOST_DAYS.auto) ? days : null;
}
