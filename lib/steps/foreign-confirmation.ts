/**
 * Files that no release brought, before an installation takes their place. Their bytes are kept in any case; this is about
 * whether the owner knows. The timer never replaces one. Started by hand, those in the dashboard's own folders are replaced
 * (the first update over a copied dashboard is one command), and those in shared folders only when the owner has confirmed
 * exactly that file.
 *
 * A confirmation is part of what the owner has agreed to (wanted.ts). It holds for one path with one sha256, and for one installation.
 */
import type { Config } from '../core/device/config.ts';
import { UpdateError } from '../core/errors.ts';
import type { Confirmed } from '../core/offer/foreign-files.ts';
import { confirmCommand, isShared } from '../core/offer/foreign-files.ts';
import type { Plan } from '../transaction/types.ts';

const NAMED = 5;

/**
 * Throws FOREIGN_FILES, with the command that confirms, when a file in a shared folder is not among those that the owner has
 * confirmed; nothing has been changed then.
 */
export function assertConfirmed(confirmed: readonly Confirmed[], config: Config, plan: Plan, version: string): void {
  const shared = plan.foreign.filter(({ path }) => isShared(path, config.target));
  const missing = shared.filter(({ path, sha256 }) => !confirmed.some((one) => one.path === path && one.sha256 === sha256));
  if (missing.length === 0) return;
  const them = missing.length === 1 ? 'it' : 'them';
  throw new UpdateError('FOREIGN_FILES', `${version} would replace ${describeForeign(missing)}, which no release installed`, {
    hint: `\`${confirmCommand(shared.map(({ path }) => path))}\` replaces ${shared.length === 1 ? 'it and keeps your file' : 'them and keeps your files'} in /var/lib/pikit/edited; or move ${them} somewhere else; nothing was changed`,
    foreign: plan.foreign.map(({ path, sha256 }) => ({ path, sha256, copy: null })),
  });
}

/** The first of them by their paths, and how many more there are. */
export function describeForeign(files: readonly { path: string }[]): string {
  const first = files.slice(0, NAMED).map(({ path }) => `'${path}'`);
  const more = files.length - first.length;
  return more > 0 ? `${first.join(', ')} and ${String(more)} more` : first.join(', ');
}
