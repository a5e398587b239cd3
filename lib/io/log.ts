import type { LifecycleEvent } from '../core/events.ts';
import { eventFields } from '../core/events.ts';
import { printable } from '../core/printable.ts';
import type { WriteEntry } from './systemd/journal-socket.ts';

/**
 * What a step says, one plain sentence per real event, on stdout. With a priority prefix when the journal reads it
 * (sd-daemon(3)), without one on a terminal. A line of an event (lib/core/events.ts) has its fields in the journal.
 */
export interface Log {
  info: Say;
  /** The device changed. */
  notice: Say;
  /** We carry on, and say so. */
  warning: Say;
  /** The step failed. */
  error: Say;
  /** What the owner can do now. */
  hint: Say;
}

type Say = (message: string, event?: LifecycleEvent) => void;

const PRIORITY = { error: 3, warning: 4, notice: 5, info: 6 } as const;

export interface LogOutput {
  out: (line: string) => void;
  err: (line: string) => void;
  toJournal: boolean;
  /** Of a step that the journal takes entries from: its name and the id of its run. */
  journal?: { write: WriteEntry; step: string; run: string } | null;
}

/**
 * In the journal everything goes one way, with priorities: as entries where they are taken, so that lines keep their order, or
 * to standard output. Elsewhere errors and hints go to standard error. Each message is one line that is safe to show: what a
 * server sends may otherwise forge lines, drive a terminal or turn text around.
 */
export function openLog(output: LogOutput): Log {
  const say = (level: keyof typeof PRIORITY, word: string, stream: (line: string) => void): Say => {
    const prefix = output.toJournal ? `<${String(PRIORITY[level])}>` : '';
    return (message, event) => {
      const line = `${output.toJournal && word !== 'hint: ' ? '' : word}${printable(message)}`;
      if (!writeEntry(output, PRIORITY[level], line, event)) stream(`${prefix}${line}\n`);
    };
  };
  const alarm = output.toJournal ? output.out : output.err;
  return {
    info: say('info', '', output.out),
    notice: say('notice', '', output.out),
    warning: say('warning', 'warning: ', alarm),
    error: say('error', 'error: ', alarm),
    hint: say('error', 'hint: ', alarm),
  };
}

/**
 * The journal finds the unit of an entry by its process, which may have ended before it looks: OBJECT_SYSTEMD_UNIT lists the
 * entries of root under their unit all the same (journalctl(1), `--unit`).
 */
function writeEntry({ toJournal, journal }: LogOutput, priority: number, message: string, event: LifecycleEvent | undefined): boolean {
  if (!toJournal || journal === undefined || journal === null) return false;
  const { write, step, run } = journal;
  const name = `pikit-update-${step}`;
  return write({
    MESSAGE: message,
    PRIORITY: String(priority),
    SYSLOG_IDENTIFIER: name,
    OBJECT_SYSTEMD_UNIT: `${name}.service`,
    PIKIT_STEP: step,
    PIKIT_RUN: run,
    ...(event === undefined ? {} : Object.fromEntries(Object.entries(eventFields(event)).map(([field, value]) => [field, printable(value)]))),
  });
}
