/** `pikit-release branch`. */
import { keysFolderOf } from '../keys/key-folder.ts';
import type { BranchSigning, BranchesChanged } from '../site/site-branches.ts';
import { addBranch, editBranches, listBranches, removeBranches } from '../site/site-branches.ts';
import { keysForBranch } from '../trust/branch-keys.ts';
import type { KeptKey } from '../trust/new-trust.ts';
import { openSigning } from '../keys/open-signing.ts';
import type { BranchCommand, ParsedBranch } from './branch-arguments.ts';
import { describeBranches, describeChange } from './branch-text.ts';
import type { KeySurroundings } from '../key-cli/key-surroundings.ts';
import { signingSurroundings } from '../key-cli/key-surroundings.ts';
import type { CommandDone } from './run-init.ts';
import { describeMade } from './run-init.ts';

/** Throws what the commands of site-branches.ts throw. */
export function runBranch({ site, command, keys }: ParsedBranch, deps: KeySurroundings): CommandDone {
  if (command.verb === 'list') {
    const branches = listBranches(site);
    return { value: { branches }, text: describeBranches(branches), notices: [] };
  }
  const around = signingSurroundings(deps);
  const wish = 'ownKeys' in command ? (command.ownKeys ?? null) : null;
  const own =
    'name' in command ? keysForBranch(site, command.name, wish, { folder: keys.keys ?? keysFolderOf(site), passphrases: around.passphrases }) : null;
  // After the keys were made: they sign as well.
  const signing = openSigning(site, keys, around);
  const result = changeBranches(site, command, { signing, keys: own?.role ?? null });
  const made: KeptKey[] = own?.made ?? [];
  return { value: { verb: command.verb, ...result }, text: `${describeChange(command, result)}${describeMade(made)}`, notices: result.notices };
}

function changeBranches(site: string, command: Exclude<BranchCommand, { verb: 'list' }>, signing: BranchSigning): BranchesChanged {
  switch (command.verb) {
    case 'add':
      return addBranch(site, command.name, command.fields, signing);
    case 'edit':
      return editBranches(site, [command.name], command.fields, signing);
    case 'remove':
      return removeBranches(site, command.names, signing);
    case 'enable':
    case 'disable':
    case 'hide':
    case 'show':
      return editBranches(site, command.names, command.fields, signing);
    default:
      return command satisfies never;
  }
}
