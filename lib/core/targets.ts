import { UpdateError } from './errors.ts';
import { assertDistinctPaths } from './release-path.ts';

/** Where the paths of a release that start with `from` go. A `from` that ends in `/` is a directory, otherwise one file. */
export interface Target {
  from: string;
  to: string;
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
      hint: `add a [[target]] for it to /etc/pikit/update.toml, or ask who built the release; covered are: ${targets.map((target) => target.from).join(', ')}`,
    });
  }
  return best.from.endsWith('/') ? best.to + path.slice(best.from.length) : best.to;
}

/** Maps every path of a release. Throws PATH_REFUSED when two of them cannot be there together: two targets may meet in one folder. */
export function mapToDevice(paths: readonly string[], targets: readonly Target[]): Map<string, string> {
  const mapped = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const path of paths) {
    const device = devicePathOf(path, targets);
    const twin = taken.get(device);
    if (twin !== undefined) {
      throw new UpdateError('PATH_REFUSED', `'${path}' and '${twin}' would both be installed as '${device}'`);
    }
    taken.set(device, path);
    mapped.set(path, device);
  }
  assertDistinctPaths([...taken.keys()]);
  return mapped;
}
