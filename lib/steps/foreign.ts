/**
 * Files that no release brought, before an installation takes their place. Their bytes are kept in any case; this is about
 * whether the owner knows. The timer never replaces one. Started by hand, those in the dashboard's own folders are replaced
 * (the first update over a copied dashboard is one command), and those in shared folders only when the owner has confirmed
 * exactly that file.
 *
 * A confirmation lies in a folder of root in /run. It holds for one path with one sha256, and for one installation.
 */
import type { Config } from '../core/config.ts';
import { UpdateError } from '../core/errors.ts';
import { confirmCommand, isShared } from '../core/foreign.ts';
import type { StateFiles } from '../io/state-file.ts';
import type { Plan } from '../transaction/plan.ts';

const NAMED = 5;

/** Why the timer leaves a release to the owner, or null when nothing of the owner's is in its way. */
export function leftToOwner(plan: Plan, version: string): string | null {
  if (plan.foreign.length === 0) return null;
  return `${version} is not installed by itself: it would replace ${named(plan.foreign)}, which no release brought; \`pikit-update apply\` installs it and keeps yours`;
}

/**
 * Takes the confirmations that there are. Throws FOREIGN_FILES, with the command that confirms, when a file in a shared folder
 * is not among them; nothing has been changed then.
 */
export function assertConfirmed(files: Pick<StateFiles, 'takeConfirmed'>, config: Config, plan: Plan, version: string): void {
  const confirmed = files.takeConfirmed();
  const shared = plan.foreign.filter(({ path }) => isShared(path, config.target));
  const missing = shared.filter(({ path, sha256 }) => !confirmed.some((one) => one.path === path && one.sha256 === sha256));
  if (missing.length === 0) return;
  const [are, them] = missing.length === 1 ? ['is', 'it'] : ['are', 'them'];
  throw new UpdateError('FOREIGN_FILES', `${named(missing)} ${are} not ours: no release brought ${them}, and ${version} would replace ${them}`, {
    hint: `\`${confirmCommand(shared.map(({ path }) => path))}\` replaces ${shared.length === 1 ? 'it and keeps your file' : 'them and keeps your files'} in /var/lib/pikit/edited; or move ${them} somewhere else; nothing was changed`,
    foreign: plan.foreign.map(({ path, sha256 }) => ({ path, sha256, copy: null })),
  });
}

function named(files: readonly { path: string }[]): string {
  const first = files.slice(0, NAMED).map(({ path }) => `'${path}'`);
  const more = files.length - first.length;
  return more > 0 ? `${first.join(', ')} and ${String(more)} more` : first.join(', ');
}
