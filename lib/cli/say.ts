/** How results and errors are put: results on standard output, errors and warnings on standard error, one line each. */
import type { UpdateError } from '../core/errors.ts';
import type { Receipt } from '../core/state.ts';
import type { Terminal } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { printable, printableJson } from '../core/printable.ts';

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

/** What a run came to, with what happened to the owner's own changes. */
export function sayReceipt(terminal: Terminal, receipt: Receipt): void {
  sayLine(terminal, receipt.message);
  for (const { path, copy } of receipt.foreign ?? []) {
    if (copy !== null) sayWarning(terminal, `'${path}' was not ours; your file is kept as '${copy}'`);
  }
  for (const path of receipt.drift.filter((edited) => receipt.left?.includes(edited) !== true)) {
    const copy = receipt.edits?.find((file) => file.path === path)?.copy ?? null;
    sayWarning(terminal, `'${path}' had been edited; the edited file is kept${copy === null ? '' : ` as '${copy}'`}`);
  }
  for (const path of receipt.left ?? []) sayWarning(terminal, `'${path}' was to be removed, and is left as it is: it is not ours any more`);
  for (const path of receipt.kept) sayWarning(terminal, `your version of '${path.replace(/\.pikit-new$/, '')}' stays; the new one is '${path}'`);
}

export function toJson(value: unknown): string {
  return `${printableJson(value, 2)}\n`;
}

/** What Ctrl-C leaves behind, and the exit code that says so. */
export function sayItGoesOn(terminal: Terminal, what: string): number {
  terminal.err(`${what} goes on without this terminal\nhint: \`pikit-update status\` shows how far it is, \`pikit-update cancel\` stops it\n`);
  return EXIT.interrupted;
}
