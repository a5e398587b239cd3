/** The way from what is installed to the newest release, over releases that have to come before it. Pure. */
import { compareVersions } from './version.ts';

/** What is known of a release before its manifest is asked for. */
export interface Stone {
  version: string;
  /** What has to be installed before it; null when anything may be, or when that is not known. */
  minVersion: string | null;
}

/** Whether a release can follow directly on what is installed. */
export function followsOn({ minVersion }: Stone, installed: string): boolean {
  return minVersion === null || compareVersions(installed, minVersion) >= 0;
}

/** Those between what is installed and the newest, the highest version first. */
export function between<T extends { version: string }>(stones: readonly T[], installed: string, newest: string): T[] {
  const inside = stones.filter(({ version }) => compareVersions(version, installed) > 0 && compareVersions(version, newest) < 0);
  return inside.toSorted((a, b) => compareVersions(b.version, a.version));
}

/**
 * The versions from `first` on, each the highest that can follow on the one before, to `newest`. It ends earlier where nothing
 * leads on: the highest step is always the right one, since whatever follows on a lower version follows on a higher one.
 */
export function routeFrom(first: string, stones: readonly Stone[], newest: Stone): string[] {
  const route = [first];
  for (let at = first; at !== newest.version;) {
    const here = at;
    const next = followsOn(newest, here) ? newest : between(stones, here, newest.version).find((stone) => followsOn(stone, here));
    if (next === undefined) break;
    at = next.version;
    route.push(at);
  }
  return route;
}

/** What comes after `version` on the way. */
export function followers(route: readonly string[], version: string): string[] {
  const at = route.indexOf(version);
  return at < 0 ? [] : route.slice(at + 1);
}

/** `2.0.0 follows`; `1.8.0, then 2.0.0 follow`. Empty where nothing does. */
export function describeFollowers(versions: readonly string[]): string {
  return versions.length === 0 ? '' : `${versions.join(', then ')} ${versions.length === 1 ? 'follows' : 'follow'}`;
}
