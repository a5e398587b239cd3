/** The calls of one run as lines, without what is different in every run: ids of transactions, and times. */
import type { Change } from './watch.ts';
import { watch } from './watch.ts';

function line(change: Change): string {
  if (change.is === 'barrier') return change.is;
  const to = 'to' in change ? ` ${change.to}` : '';
  return `${change.is} ${change.path}${to}`
    .replaceAll(/\.pikit-[0-9a-f]{8}\./g, '.pikit-TX.')
    .replaceAll(/\/edited\/[0-9a-f]{8}/g, '/edited/TX')
    .replaceAll(/\d{8}T\d{6}\.\d{3}Z/g, 'TIME');
}

/** Keeps the calls that change files below a folder until it is stopped. */
export function trace(root: string): { lines: string[]; stop: () => void } {
  const lines: string[] = [];
  return { lines, stop: watch(root, (change) => lines.push(line(change))) };
}
