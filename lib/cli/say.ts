/** How results and errors are put: results on standard output, errors and warnings on standard error, one line each. */
import type { UpdateError } from '../core/errors.ts';
import type { Receipt } from '../core/device/state.ts';
import type { Terminal } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { printable, printableJson } from '../core/printable.ts';

/** The beginning of a line that is drawn anew. */
export const REDRAW = '\r\u001b[2K';

/**
 * The last guard of a terminal: whatever is printed drives nothing and turns nothing around, but for the progress bar. A value is
 * made printable where it is put into a line, since only there can be said where the line ends.
 */
export function harmless(terminal: Terminal): Terminal {
  const safe = (text: string): string => text.split('\n').map(printable).join('\n');
  return {
    ...terminal,
    out: (text) => {
      terminal.out(text.startsWith(REDRAW) ? `${REDRAW}${safe(text.slice(REDRAW.length))}` : safe(text));
    },
    err: (text) => {
      terminal.err(safe(text));
    },
  };
}

export function sayLine(terminal: Terminal, text: string): void {
  terminal.out(`${printable(text)}\n`);
}

export function sayWarning(terminal: Terminal, text: string): void {
  terminal.err(`warning: ${printable(text)}\n`);
}

export function sayHint(terminal: Terminal, text: string): void {
  terminal.err(`hint: ${printable(text)}\n`);
}

/** `error: …`, what the thing that failed wrote, `hint: …`. */
export function sayError(terminal: Terminal, error: UpdateError): void {
  terminal.err(`error: ${printable(error.message)}\n`);
  for (const line of error.lines) terminal.err(`  ${error.subject === null ? '' : `${printable(error.subject)}: `}${printable(line)}\n`);
  if (error.hint !== null && error.hint !== '') sayHint(terminal, error.hint);
}

/** The result of a run, with what happened to the owner's own changes. */
export function sayReceipt(terminal: Terminal, receipt: Receipt): void {
  sayLine(terminal, receipt.message);
  for (const note of ownersNotes(receipt)) sayWarning(terminal, note);
}

/** What a receipt says of each file of the owner: where it is now, or that it stays. */
export function ownersNotes({ foreign = [], drift, edits = [], left = [], kept }: Receipt): string[] {
  const copyOf = (path: string): string | null => edits.find((file) => file.path === path)?.copy ?? null;
  const keptAs = (copy: string | null): string => (copy === null ? '' : ` as '${copy}'`);
  return [
    ...foreign.filter(({ copy }) => copy !== null).map(({ path, copy }) => `no release had installed '${path}'; your file is kept${keptAs(copy)}`),
    ...drift.filter((path) => !left.includes(path)).map((path) => `'${path}' had been edited; the edited file is kept${keptAs(copyOf(path))}`),
    ...left.map((path) => `'${path}' was not removed: it is no longer managed`),
    ...kept.map((path) => `your version of '${path.replace(/\.pikit-new$/, '')}' is kept; the new version is '${path}'`),
  ];
}

export function toJson(value: unknown): string {
  return `${printableJson(value, 2)}\n`;
}

/** What Ctrl-C leaves behind, and the exit code that says so. */
export function sayItGoesOn(terminal: Terminal, what: string): number {
  terminal.err(`${what} continues in the background\nhint: \`pikit-update status\` shows its progress, \`pikit-update cancel\` stops it\n`);
  return EXIT.interrupted;
}
