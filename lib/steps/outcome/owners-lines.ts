/** What is said at the end of an update or a rollback about each file of the owner that it met. */
import type { TransactionPaths } from '../../transaction/transaction-paths.ts';
import { editedCopy } from '../../transaction/transaction-paths.ts';
import { ownersFiles } from '../../transaction/change/prepare.ts';
import type { Journal } from '../../transaction/types.ts';

/** One line each: where the owner's bytes are now, or that they are where they were. */
export function ownersLines(place: TransactionPaths, journal: Journal): string[] {
  const kept = new Set(ownersFiles(journal.ops, journal).map(({ path }) => path));
  const copy = (path: string): string => `'${editedCopy(place, journal, path)}'`;
  return [
    ...(journal.foreign ?? [])
      .filter((path) => kept.has(path))
      .map((path) => `'${path}' was not installed by a release; your file is kept as ${copy(path)}`),
    ...journal.drift.filter((path) => kept.has(path)).map((path) => `'${path}' had been edited; the edited file is kept as ${copy(path)}`),
    ...(journal.left ?? []).map((path) => `'${path}' is not removed, because it is no longer the file that the release installed`),
  ];
}
