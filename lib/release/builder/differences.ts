import { isDeepStrictEqual } from 'node:util';
import type { Manifest, ManifestFile } from '../../core/release/manifest.ts';

const MOST = 3;

/** In what the second release differs from the first, in half a sentence; null when both are the same, byte for byte. */
export function releaseDifferences(there: Manifest, now: Manifest): string | null {
  const [before, after] = [there, now].map(({ files }) => new Map(files.map((file) => [file.path, file])));
  const paths = [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].toSorted();
  const found = paths.flatMap((path) => fileDifference(path, before?.get(path), after?.get(path)));
  for (const key of ['notes', 'changelog', 'post_install', 'requires'] as const) {
    if (!isDeepStrictEqual(there[key], now[key])) found.push(`'${key}' differs`);
  }
  if (found.length === 0) return null;
  const more = found.length > MOST ? ` and ${String(found.length - MOST)} more` : '';
  return `${found.slice(0, MOST).join(', ')}${more}`;
}

function fileDifference(path: string, before: ManifestFile | undefined, after: ManifestFile | undefined): string[] {
  if (before === undefined) return [`'${path}' is new`];
  if (after === undefined) return [`'${path}' is missing now`];
  if (before.sha256 !== after.sha256) return [`the content of '${path}' differs`];
  if (before.mode !== after.mode) return [`the mode of '${path}' is ${after.mode ?? 'not said'}, not ${before.mode ?? 'said'}`];
  return before.config === after.config ? [] : [`'${path}' is ${after.config ? 'given' : 'not given'} as configuration now`];
}
