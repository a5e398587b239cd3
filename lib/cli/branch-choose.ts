/** `pikit-update branch NAME`: follow another branch from now on, and look at once what it has. */
import { signersOf } from '../core/trust/signed-words.ts';
import { chooseBranchNow } from '../device/choose-branch.ts';
import { knownBranches } from '../device/known-branches.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { runAndTell } from './run-command.ts';
import { sayHint, sayItGoesOn, sayLine } from './say.ts';

export async function chooseBranchCommand(deps: CliDeps, { json, branch }: { json: boolean; branch: string }): Promise<Done> {
  const chosen = await chooseBranchNow(deps, branch, (text) => {
    if (!json) sayLine(deps.terminal, text);
  });
  if (chosen === 'interrupted') return { exit: sayItGoesOn(deps.terminal, 'the check'), json: { interrupted: true } };
  if (chosen !== 'chosen') return { exit: EXIT.ok, json: { ...following(deps), result: null } };
  const done = await runAndTell(deps, { steps: ['check'], json, what: 'the check' });
  const keys = knownBranches(deps).branches.find(({ name }) => name === branch)?.keys;
  if (!json && keys !== undefined) sayLine(deps.terminal, `its releases are signed by ${signersOf({ keys })}`);
  if (!json && deps.files.readState().available?.outcome === 'available') sayHint(deps.terminal, '`pikit-update apply` installs it');
  const result = typeof done.json === 'object' && done.json !== null ? done.json : {};
  return { exit: done.exit, json: { ...following(deps), ...result, available: deps.files.readState().available } };
}

function following(deps: CliDeps): object {
  const { selected, used, why, message } = knownBranches(deps).choice;
  return { selected, used, why, message };
}
