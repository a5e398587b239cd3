import { printable } from '../core/printable.ts';

/** A label and its values; each value gets a line of its own, the label stands before the first. */
export type Row = readonly [label: string, ...values: string[]];

/** Labels in one column, values in the other; rows without a value are left out. */
export function table(rows: readonly Row[]): string {
  const shown = rows.filter(([, ...values]) => values.length > 0);
  const width = Math.max(0, ...shown.map(([label]) => label.length)) + 2;
  const lines = shown.flatMap(([label, ...values]) => values.map((value, index) => `${(index === 0 ? label : '').padEnd(width)}${printable(value)}`));
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}
