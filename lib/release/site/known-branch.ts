/** Which branches releases can be put on: `stable`, and what branches.json lists. */
import { STABLE } from '../../core/release/branches.ts';
import { UpdateError } from '../../core/errors.ts';
import { closestWord } from '../../core/command-line/closest-word.ts';
import type { Site } from './site.ts';

/** Throws INPUT_REFUSED for a branch that the site does not have, naming the one that was probably meant. */
export function assertBranch(site: Site, name: string): void {
  if (name !== STABLE && !site.branches.some((branch) => branch.name === name)) throw unknownBranch(site, name);
}

/** The error for a branch that is not listed. */
export function unknownBranch(site: Site, name: string): UpdateError {
  const meant = closestWord(name, [STABLE, ...site.branches.map((branch) => branch.name)]);
  const add = `a new branch is added with: pikit-release branch add ${name} --site ${site.dir}`;
  return new UpdateError('INPUT_REFUSED', `the site has no branch '${name}'`, { hint: meant === null ? add : `did you mean '${meant}'? ${add}` });
}

/** What the list says about the branch, where it keeps devices from the release. */
export function branchNotices(site: Site, name: string): string[] {
  const branch = site.branches.find((one) => one.name === name);
  if (branch === undefined) return [];
  const notices: string[] = [];
  if (!branch.enabled) notices.push(`the branch '${name}' is disabled: its devices stay on stable until it is enabled`);
  if (!branch.linux) notices.push(`the branch '${name}' is not for linux: devices of this updater do not see it`);
  return notices;
}
