/**
 * Which places a command of a release (`run` in "post_install") may write to on a device, and which it cannot even read. It runs as
 * root, because the files of a release are root's, and has nothing else that root has: io/systemd/hook-unit.ts.
 */
import { closedPlace } from './closed-places.ts';
import type { Manifest } from '../release/manifest.ts';
import type { Target } from '../release/targets.ts';
import { devicePathOf } from '../release/targets.ts';

/**
 * Not even to be read: what is the updater's own, every socket of the device (they are below /run), and what the system keeps from
 * all but root. What is below one of these is closed as well, also where it is a target.
 */
export const HIDDEN_FROM_HOOKS: readonly string[] = [
  '/etc/pikit',
  '/var/lib/pikit',
  '/var/lib/pikit-update',
  '/var/cache/pikit-update',
  '/var/backups',
  '/run',
  '/etc/shadow',
  '/etc/shadow-',
  '/etc/gshadow',
  '/etc/gshadow-',
  '/etc/ssl/private',
  '/etc/ssh',
];

/**
 * Where a command of this release may write, without a slash at the end: in the folders of targets that the release has files in, in
 * a file that is a target of its own (not put another in its place: that takes its folder), and where the owner says so (`more`).
 */
export function hookPlaces(targets: readonly Target[], manifest: Pick<Manifest, 'files'>, more: readonly string[]): string[] {
  const devicePaths = manifest.files.map(({ path }) => devicePathOf(path, targets));
  const used = targets.map(({ to }) => to).filter((to) => devicePaths.some((path) => (to.endsWith('/') ? path.startsWith(to) : path === to)));
  return [...new Set([...used, ...more].map((path) => path.replace(/\/$/, '')))];
}

/** Why the owner cannot open a place to commands of releases, to be read after its path, or null. */
export function closedToHooks(path: string): string | null {
  // A folder, as it would be opened with all that is below it.
  const closed = closedPlace(path.replace(/\/$/, ''));
  if (closed !== null) return `${closed.why}; ${closed.hint}`;
  const hidden = HIDDEN_FROM_HOOKS.find((place) => path.replace(/\/$/, '') === place || path.startsWith(`${place}/`));
  return hidden === undefined ? null : `'${hidden}' is kept from them`;
}
