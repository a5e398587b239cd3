/** history.jsonl: one receipt a line, root's alone. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { Receipt } from '../../core/device/state.ts';
import { writeDurable } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import { readPlain } from '../../transaction/files/plain-file.ts';
import type { ReportWarning } from './json-file.ts';
import { MAX_BYTES, setFileAside } from './json-file.ts';

const PRIVATE = 0o600;
const HISTORY_MAX_BYTES = 256 * 1024;
const HISTORY_KEEP = 100;

/**
 * Appends a receipt, durably. A receipt of the same transaction is not added twice (recovery records again what a crash may
 * have cut short), a torn last line stays alone, and beyond 256 KiB only the newest hundred are kept.
 */
export function appendHistory(path: string, receipt: Receipt, report: ReportWarning): void {
  mkdirDurable(dirname(path), 0o700);
  const line = JSON.stringify(Receipt.parse(receipt));
  const text = readHistory(path, report);
  const lines = text.split('\n');
  if (isRecorded(lines, receipt)) return;
  if (text.length > HISTORY_MAX_BYTES) {
    const kept = [...receiptsIn(lines, HISTORY_KEEP - 1).map((entry) => JSON.stringify(entry)), line];
    writeDurable(path, `${kept.join('\n')}\n`, { mode: PRIVATE });
    return;
  }
  const fd = fs.openSync(path, 'a', PRIVATE);
  try {
    fs.writeFileSync(fd, `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** The text of the history; what is no such file is kept aside. */
export function readHistory(path: string, report: ReportWarning): string {
  const read = readPlain(path, { maxBytes: MAX_BYTES });
  if (read.is === 'there') return read.bytes.toString('utf8');
  if (read.is === 'odd') setFileAside(path, `the history ${read.why}`, report);
  return '';
}

/** Only what names the transaction is read: a long history costs a device time and memory with every step. */
function isRecorded(lines: readonly string[], { tx, outcome }: Receipt): boolean {
  if (tx === null) return false;
  return receiptsIn(lines.filter((line) => line.includes(JSON.stringify(tx)))).some((entry) => entry.tx === tx && entry.outcome === outcome);
}

/** The last receipts that can be read, oldest first; a damaged line is left out. */
export function receiptsIn(lines: readonly string[], last = Infinity): Receipt[] {
  const found: Receipt[] = [];
  for (const line of lines.toReversed()) {
    if (found.length >= last) break;
    try {
      found.push(Receipt.parse(JSON.parse(line)));
    } catch {
      // Safe to ignore: a power cut tears at most the last line, and the rest of the history is worth more than the complaint.
    }
  }
  return found.reverse();
}
