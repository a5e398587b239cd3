import { ORDER, orderOf } from './operation-order.ts';
import type { Operation } from '../types.ts';

/** Device paths of the programs that a change replaces: something may be running them. */
export function replacedPrograms(ops: readonly Operation[]): string[] {
  return ops.flatMap((op) => {
    if (op.old?.type !== 'file' || op.new?.type !== 'file') return [];
    return orderOf(op.path, op.new.file.mode) === ORDER.code && op.old.file.sha256 !== op.new.file.sha256 ? [op.path] : [];
  });
}
