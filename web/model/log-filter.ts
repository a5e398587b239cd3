/** Which lines of the journal are shown, and what is copied of them. */
import type { LogLine } from '../../lib/core/http-api/api-answers.ts';
import { plainText } from './text.ts';

export interface LogFilter {
  /** Any part of the message or the unit, in whatever case. */
  text: string;
  errorsOnly: boolean;
}

/** As in syslog: 3 and below are errors, 4 is a warning. */
export function levelOf({ priority }: Pick<LogLine, 'priority'>): 'error' | 'warning' | 'info' {
  return priority <= 3 ? 'error' : priority === 4 ? 'warning' : 'info';
}

export function filterLines(lines: readonly LogLine[], { text, errorsOnly }: LogFilter): LogLine[] {
  const wanted = text.trim().toLowerCase();
  return lines.filter((line) => (!errorsOnly || levelOf(line) === 'error') && `${line.unit} ${line.message}`.toLowerCase().includes(wanted));
}

/** The lines as text, one for each entry of the journal. */
export function logText(lines: readonly LogLine[]): string {
  return lines.map(({ time, unit, message }) => `${time} ${unit}: ${plainText(message)}\n`).join('');
}
