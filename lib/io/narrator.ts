import { printable } from '../core/printable.ts';

/**
 * What a step says, one plain sentence per real event, on stdout. With a priority prefix when the journal reads it
 * (sd-daemon(3)), without one on a terminal.
 */
export interface Narrator {
  info: (message: string) => void;
  /** The device changed. */
  notice: (message: string) => void;
  /** We carry on, and say so. */
  warning: (message: string) => void;
  /** The step failed. */
  error: (message: string) => void;
  /** What the owner can do now. */
  hint: (message: string) => void;
}

const PRIORITY = { error: 3, warning: 4, notice: 5, info: 6 } as const;

export interface Output {
  out: (line: string) => void;
  err: (line: string) => void;
  toJournal: boolean;
}

/**
 * In the journal everything goes to one stream, with priorities; elsewhere errors and hints go to standard error. Each message is
 * one line that is safe to show: what a server sends may otherwise forge lines, drive a terminal or turn text around.
 */
export function narrator(output: Output): Narrator {
  const say = (level: keyof typeof PRIORITY, word: string, stream: (line: string) => void) => {
    const prefix = output.toJournal ? `<${String(PRIORITY[level])}>` : '';
    return (message: string): void => {
      stream(`${prefix}${output.toJournal && word !== 'hint: ' ? '' : word}${printable(message)}\n`);
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
