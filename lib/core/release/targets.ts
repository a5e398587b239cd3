import { closedPlace } from '../device/closed-places.ts';
import { UpdateError } from '../errors.ts';
import { addTarget } from '../offer/owner-hints.ts';
import { assertDistinctPaths } from './release-path.ts';

/** Where the paths of a release that start with `from` go. A `from` that ends in `/` is a directory, otherwise one file. */
export interface Target {
  from: string;
  to: string;
}

/** Where the files of a release go when update.toml has no [[target]]. */
export const DEFAULT_TARGETS: Target[] = [
  { from: 'pikit-web/', to: '/var/www/pikit-web/' },
  { from: 'pikit-api.py', to: '/usr/local/bin/pikit-api.py' },
  { from: 'helpers/', to: '/usr/local/bin/' },
];

function isDefault(targets: readonly Target[]): boolean {
  return JSON.stringify(targets) === JSON.stringify(DEFAULT_TARGETS);
}

/** Maps a release path to its path on the device by the longest matching target. Throws PATH_REFUSED when none matches. */
export function devicePathOf(path: string, targets: readonly Target[]): string {
  let best: Target | null = null;
  for (const target of targets) {
    const matches = target.from.endsWith('/') ? path.startsWith(target.from) : path === target.from;
    if (matches && (best === null || target.from.length > best.from.length)) best = target;
  }
  if (best === null) {
    throw new UpdateError('PATH_REFUSED', `the release has '${path}', which no [[target]] of this device covers`, {
      hint: `${addTarget(path, isDefault(targets))}; covered now: ${targets.map((target) => target.from).join(', ')}`,
    });
  }
  return best.from.endsWith('/') ? best.to + path.slice(best.from.length) : best.to;
}

/**
 * Maps every path of a release. Throws PATH_REFUSED when two of them cannot be there together (two targets may meet in one
 * folder), and for one that would be the updater's own, or where its units cannot write.
 */
export function mapToDevice(paths: readonly string[], targets: readonly Target[]): Map<string, string> {
  const mapped = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const path of paths) {
    const device = devicePathOf(path, targets);
    assertOpen(path, device);
    const twin = taken.get(device);
    if (twin !== undefined) {
      throw new UpdateError('PATH_REFUSED', `'${path}' and '${twin}' would both be installed as '${device}'`, {
        hint: "change `to` of one of the [[target]] entries in '/etc/pikit/update.toml' that lead to the same place",
      });
    }
    taken.set(device, path);
    mapped.set(path, device);
  }
  assertDistinctPaths([...taken.keys()]);
  return mapped;
}

function assertOpen(path: string, device: string): void {
  const closed = closedPlace(device);
  if (closed === null) return;
  throw new UpdateError('PATH_REFUSED', `the release would install '${path}' as '${device}': ${closed.why}`, {
    hint: `change the [[target]] of /etc/pikit/update.toml that leads there (${closed.hint}), or ask for a release without '${path}'`,
  });
}
