/** A root for people: its roles, how many keys each needs, and the fingerprints that are to be compared. */
import type { RootDocument, RootRole } from '../io/trust/root-document.ts';
import type { Row } from './table.ts';
import { table } from './table.ts';
import { bothTimes } from './times.ts';

/** `root` comes first. A key that has signed the root itself is marked. */
export function rootText(root: RootDocument, now: Date): string {
  const verb = root.expires <= now ? 'expired' : 'expires';
  return table([['root', `version ${String(root.version)}, ${verb} ${bothTimes(root.expires, now)}`], ...root.roles.map(rowOf)]);
}

function rowOf({ role, threshold, keys }: RootRole): Row {
  const label = role === 'root' ? 'signed by' : role;
  const lines = keys.map(({ fingerprint, name, hasSigned }) =>
    [fingerprint, name ?? '', role === 'root' && !hasSigned ? '(has not signed it)' : ''].join('  ').trimEnd(),
  );
  return [label, thresholdText(threshold, keys.length), ...lines];
}

/** `2 of 3 keys`, `1 key`. */
export function thresholdText(threshold: number, count: number): string {
  return threshold === count && count === 1 ? '1 key' : `${String(threshold)} of ${String(count)} keys`;
}

/** The same for programs. */
export function rootJson({ version, expires, roles }: RootDocument): object {
  return {
    version,
    expires: expires.toISOString(),
    roles: roles.map(({ role, threshold, keys }) => ({
      role,
      threshold,
      keys: keys.map(({ fingerprint, name, hasSigned }) => ({ fingerprint, name, ...(role === 'root' ? { signed: hasSigned } : {}) })),
    })),
  };
}
