/** What `branch`, `promote` and `withdraw` say on a terminal. */
import { counted } from '../../core/quantities.ts';
import { quotable } from '../../core/release/release-path.ts';
import type { BranchCommand } from './branch-arguments.ts';
import type { BranchSummary } from '../site/branch-summary.ts';
import type { BranchesChanged } from '../site/site-branches.ts';
import type { PromotedRelease } from '../builder/promote.ts';
import type { WithdrawnReport } from '../site/withdraw.ts';

/** One line a branch: name, version, what is special, and last what people call it, which may run from right to left. */
export function describeBranches(branches: readonly BranchSummary[]): string {
  const rows = branches.map((branch) => [branch.name, branch.version ?? '-', flagsOf(branch), quotable(branch.display_name)]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return branches
    .flatMap(({ description, problem }, index) => [
      line(rows[index] ?? []),
      ...(description === '' ? [] : [line(['', '', '', quotable(description)])]),
      ...(problem === null ? [] : [line(['', '', '', quotable(problem)])]),
    ])
    .map((text) => `${text.trimEnd()}\n`)
    .join('');
}

function flagsOf(branch: BranchSummary): string {
  const flags: string[] = [];
  if (branch.builtIn) flags.push('built in');
  if (!branch.enabled) flags.push('disabled');
  if (!branch.visible) flags.push('hidden');
  if (!branch.linux) flags.push('not on linux');
  if (branch.problem !== null) flags.push('broken');
  return flags.join(', ');
}

/** One line for each branch that was named. */
export function describeChange(command: Exclude<BranchCommand, { verb: 'list' }>, { changed, branches }: BranchesChanged): string {
  const names = 'names' in command ? command.names : [command.name];
  return names
    .map((name) => {
      const branch = branches.find((one) => one.name === name);
      const already = changed.includes(name) ? '' : ' (as it was before)';
      return `${sentence(command.verb, name, branch?.version ?? null)}${already}\n`;
    })
    .join('');
}

function sentence(verb: Exclude<BranchCommand['verb'], 'list'>, name: string, version: string | null): string {
  const offers = version === null ? 'it has no release yet' : `it offers ${version}`;
  switch (verb) {
    case 'add':
      return `added the branch '${name}': ${offers}`;
    case 'edit':
      return `changed the branch '${name}'`;
    case 'enable':
      return `'${name}' is enabled: ${offers}`;
    case 'disable':
      return `'${name}' is disabled: its devices use stable until it is enabled again`;
    case 'hide':
      return `'${name}' is hidden: devices do not list it, its name can still be chosen`;
    case 'show':
      return `'${name}' is listed`;
    case 'remove':
      return `removed the branch '${name}': its devices return to stable and show a notice`;
    default:
      return verb satisfies never;
  }
}

/** What `promote` has done. */
export function describePromoted({ version, from, branch, sequence, bundle, files, rolloutPercent, already }: PromotedRelease): string {
  const what = already ? `the branch '${branch}' has ${version} already` : `promoted ${version} from '${from}' to '${branch}'`;
  const rollout = rolloutPercent === null ? '' : `, for ${String(rolloutPercent)}% of all devices`;
  return `${what} (sequence ${String(sequence)})\n  bundles/${bundle}  the same bytes, ${counted(files, 'file')}${rollout}\n`;
}

/** What `withdraw` has done. */
export function describeWithdrawn({ version, branch, offered, sequence, bundleRemoved, already }: WithdrawnReport): string {
  const what = already ? `${version} was withdrawn from the branch '${branch}' before` : `withdrew ${version} from the branch '${branch}'`;
  const now = offered === null ? 'it has no release now' : `it offers ${offered} now`;
  return `${what} (sequence ${String(sequence)}): ${now}\n  bundles/pikit-${version}.tar.gz  ${bundleRemoved ? 'removed' : 'kept: another branch has it'}\n`;
}
