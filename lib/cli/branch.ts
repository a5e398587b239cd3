/** `pikit-update branch [list|NAME] [--dismiss [ID]]`: which branches there are, which one this device follows. */
import type { BranchWish } from './arguments.ts';
import { chooseBranchCommand } from './branch-choose.ts';
import { branchesText } from './branch-text.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { knownBranches } from '../device/known-branches.ts';
import { dismissCommand } from './notices.ts';
import { sayHint } from './say.ts';

export async function branchCommand(deps: CliDeps, { json, wanted }: { json: boolean; wanted: BranchWish }): Promise<Done> {
  switch (wanted.is) {
    case 'list':
      return listCommand(deps, json);
    case 'choose':
      return await chooseBranchCommand(deps, { json, branch: wanted.branch });
    case 'dismiss':
      return await dismissCommand(deps, { json, id: wanted.id });
    default:
      return wanted satisfies never;
  }
}

/** Shows what the last check saw. Hidden branches are left out, unless one of them was chosen. Makes no request. */
function listCommand(deps: CliDeps, json: boolean): Done {
  const known = knownBranches(deps);
  const { notices } = deps.files.readState();
  if (!json) {
    deps.terminal.out(branchesText(known, notices));
    if (notices.length > 0) sayHint(deps.terminal, '`pikit-update branch --dismiss` dismisses notices');
  }
  const { selected, used, why, message } = known.choice;
  return { exit: EXIT.ok, json: { selected, used, why, message, branches: known.branches.filter((one) => one.visible || one.selected), notices } };
}
