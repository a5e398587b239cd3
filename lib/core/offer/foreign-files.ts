/** Files that no release brought, at paths that a release brings: how they are told, and where their owner is asked first. */
import * as z from 'zod';
import { shellWord } from '../command-line/shell-word.ts';
import type { Target } from '../release/targets.ts';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be 64 of 0-9 and a-f' });

/** The owner's bytes that an update or a rollback takes the place of. */
export const KeptFile = z.strictObject({
  /** Device path. */
  path: z.string(),
  /** Of the owner's bytes. */
  sha256: Sha256,
  /** Device path of their copy, which stays until the owner removes it; null where nothing was changed. */
  copy: z.string().nullable(),
});
export type KeptFile = z.infer<typeof KeptFile>;

/** One of them in a plan. */
export const ForeignFile = z.strictObject({
  path: z.string(),
  /** Of the file that is there; null where only root may read it. */
  sha256: Sha256.nullable(),
  /** It lies in a folder that others use as well: it is replaced only when the owner has confirmed exactly this file. */
  confirm: z.boolean(),
});
export type ForeignFile = z.infer<typeof ForeignFile>;

/** What the owner has confirmed: this file, as long as it has these bytes. */
export const Confirmed = z.strictObject({ path: z.string().regex(/^\//, { error: 'must be an absolute path' }).max(4096), sha256: Sha256 });
export type Confirmed = z.infer<typeof Confirmed>;

/** Folders of the system, below which a folder may be one program's own. Everything directly in them is everybody's. */
const SHARED = [
  '/',
  '/media',
  '/mnt',
  '/opt',
  '/srv',
  '/usr/lib',
  '/usr/local',
  '/usr/local/lib',
  '/usr/local/libexec',
  '/usr/local/share',
  '/usr/local/www',
  '/usr/share',
  '/var',
  '/var/lib',
  '/var/opt',
  '/var/www',
];

/** Shared with all that is below them. */
const SHARED_WHOLLY = ['/bin', '/boot', '/dev', '/etc', '/home', '/lib', '/proc', '/root', '/run', '/sbin', '/sys', '/tmp', '/usr', '/var'];

/** Whether a folder is one program's own, by where it is: what is there already cannot tell before the first update. */
function isOwnFolder(folder: string): boolean {
  if (SHARED.includes(folder)) return false;
  const above = SHARED.filter((shared) => shared !== '/' && folder.startsWith(`${shared}/`));
  const nearest = above.reduce((longest, shared) => (shared.length > longest.length ? shared : longest), '/');
  if (nearest !== '/' && nearest !== '/var' && nearest !== '/usr/local') return true;
  return !SHARED_WHOLLY.some((shared) => folder === shared || folder.startsWith(`${shared}/`));
}

/** Whether a target leads to this path. */
export function isCovered(path: string, targets: readonly Target[]): boolean {
  return targets.some(({ to }) => (to.endsWith('/') ? path.startsWith(to) : path === to));
}

/**
 * Whether a path is brought by a target for a whole folder that is not the dashboard's own, such as /usr/local/bin. A target for
 * one file names that file: the configuration says whose it is.
 */
export function isShared(path: string, targets: readonly Target[]): boolean {
  const covering = targets.filter((target) => isCovered(path, [target]));
  const nearest = covering.reduce<Target | null>((best, target) => (best === null || target.to.length > best.to.length ? target : best), null);
  if (nearest?.to === path) return false;
  return nearest === null || !isOwnFolder(nearest.to.slice(0, -1) || '/');
}

/** The files of a plan that are not ours, and which of them the owner has to confirm. */
export function foreignFiles(files: readonly { path: string; sha256: string }[], targets: readonly Target[]): ForeignFile[] {
  return files.map(({ path, sha256 }) => ({ path, sha256: sha256 === '' ? null : sha256, confirm: isShared(path, targets) }));
}

/** What to type to confirm these. */
export function confirmCommand(paths: readonly string[]): string {
  return `pikit-update apply ${paths.map((path) => `--replace ${shellWord(path)}`).join(' ')}`;
}
