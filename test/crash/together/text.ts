/** A device as text: all that is on it, but for times, ids and checksums over them, which are different in every run. */
import fs from 'node:fs';
import { snapshot } from '../../helpers/tree.ts';

const DIFFERENT: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>'],
  [/\d{8}T\d{6}\.\d{3}Z/g, '<time>'],
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<run>'],
  [/"seal": ?"[0-9a-f]{64}"/g, '"seal":"<sha256>"'],
  [/"tx": ?"[0-9a-f]{8}"/g, '"tx":"<tx>"'],
  [/(\/edited\/|\.pikit-)[0-9a-f]{8}/g, '$1<tx>'],
  [/"(duration_ms|pid)": ?\d+/g, '"$1":<number>'],
  // How far a run was is told by the time that it took (run.json).
  [/"(percent|seconds_left|rate_bytes_per_s)": ?(?:\d+|null)/g, '"$1":<number>'],
  [/"now": ?(?:null|\{[^{}]*\})/g, '"now":<report>'],
  // How long checks and downloads took, a line each (timings.json).
  [/^ +\d+(,?)$/gm, '<ms>$1'],
];

function same(text: string): string {
  return DIFFERENT.reduce((so, [what, put]) => so.replaceAll(what, put), text);
}

/** How far a step was is told by the time that it took. */
const PROGRESS = '/run/pikit-update/progress.json';

/** Path to rights and content of everything below the root. */
export function deviceText(root: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(snapshot(root, [PROGRESS])).map(([path, what]) => {
      const rights = what.split(' ').slice(0, 3).join(' ');
      return [same(path), what.startsWith('file') ? `${rights} ${same(fs.readFileSync(root + path, 'latin1'))}` : what];
    }),
  );
}
