/** What a screen reader says by itself: each phase once, and no numbers that run. */
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import type { Strings } from '../strings/en.ts';
import type { Chip } from './chip.ts';
import { phaseOf } from './run-steps.ts';

export function announcementOf(chip: Chip, status: StatusAnswer | null, strings: Strings): string {
  if (chip.note !== null) return chip.note;
  return chip.tone === 'busy' && status !== null && status.run !== null ? phaseOf(status.run, strings) : chip.text;
}
