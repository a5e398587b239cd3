/** `pikit-update history`: the receipts of all that changed this device, newest last. */
import type { Receipt } from '../core/device/state.ts';
import { signersOf } from '../core/trust/signed-words.ts';
import { readOwnReceipts } from '../device/history.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { printable } from '../core/printable.ts';
import { ownersNotes } from './say.ts';
import { localTime } from './times.ts';

export function historyCommand(deps: CliDeps, { json, count }: { json: boolean; count: number | null }): Done {
  const receipts = readOwnReceipts(deps).slice(count === null ? 0 : -count);
  if (!json) deps.terminal.out(receipts.length === 0 ? 'no update has been installed yet\n' : receipts.map(receiptText).join(''));
  return { exit: EXIT.ok, json: receipts };
}

/** Time, step, versions and outcome; below them the owner's own files, the failure and the hint. */
export function receiptText(receipt: Receipt): string {
  const seconds = receipt.duration_ms === null ? '' : ` (${(receipt.duration_ms / 1000).toFixed(1)} s)`;
  const versions = receipt.from === null && receipt.to === null ? '' : `${receipt.from ?? 'nothing'} → ${receipt.to ?? 'nothing'}`;
  const head = [localTime(new Date(receipt.at)), receipt.step.padEnd(8), receipt.outcome.padEnd(11), versions].join('  ').trimEnd();
  const below = [
    receipt.message,
    ...(receipt.signed === undefined ? [] : [`signed by ${signersOf(receipt.signed)}`]),
    ...(receipt.commands ?? []).flatMap(commandLines),
    ...ownersNotes(receipt),
    ...(receipt.hint === null ? [] : [`hint: ${receipt.hint}`]),
    ...receipt.lines.map((line) => `  ${receipt.subject ?? ''}: ${line}`),
  ];
  return `${printable(head)}${seconds}\n${below.map((line) => `    ${printable(line)}\n`).join('')}`;
}

/** What it wrote is there for root alone. */
function commandLines({ command, lines }: NonNullable<Receipt['commands']>[number]): string[] {
  return [`ran '${command}' of the release${lines.length === 0 ? '' : ', which wrote:'}`, ...lines.map((line) => `  ${line}`)];
}
