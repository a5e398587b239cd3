/** The list of branches for people. Names that the source made up come last in their line: some are written from the right. */
import type { Notice } from '../core/device/state.ts';
import { signersOf } from '../core/trust/signed-words.ts';
import { branchLabel } from '../core/offer/branch-choice.ts';
import type { KnownBranch, KnownBranches } from '../device/known-branches.ts';
import { printable } from '../core/printable.ts';

/** Hidden branches are left out, unless one of them was chosen. */
export function branchesText({ choice, branches, listed }: KnownBranches, notices: readonly Notice[]): string {
  const shown = branches.filter((branch) => branch.visible || branch.selected);
  const rows = shown.map((branch) => ({
    name: `${branch.selected ? '*' : ' '} ${branch.name}`,
    version: branch.version ?? '-',
    lines: linesOf(branch),
  }));
  if (!branches.some(({ selected }) => selected)) rows.push({ name: `* ${choice.selected}`, version: '-', lines: [`(${reasonOf(choice)})`] });
  const width = (of: (row: (typeof rows)[number]) => string): number => Math.max(...rows.map((row) => of(row).length)) + 2;
  const [names, versions] = [width(({ name }) => name), width(({ version }) => version)];
  const text = rows.flatMap(({ name, version, lines }) =>
    (lines.length === 0 ? [''] : lines).map((line, index) =>
      printable(`${(index === 0 ? name : '').padEnd(names)}${(index === 0 ? version : '').padEnd(versions)}${line}`).trimEnd(),
    ),
  );
  const more = listed ? [] : ['other branches are not known yet; run `pikit-update check`'];
  return [...text, ...more, ...notices.map(({ message }) => `notice: ${printable(message)}`)].map((line) => `${line}\n`).join('');
}

function linesOf(branch: KnownBranch): string[] {
  const { name, display_name: title, description } = branch;
  const marks = [...(branch.visible ? [] : ['hidden']), ...(branch.enabled ? [] : [branch.selected ? 'disabled, using stable' : 'disabled'])];
  const mark = marks.length === 0 ? '' : `(${marks.join(', ')})`;
  const shown = [title === name ? '' : title, mark].filter((part) => part !== '').join(' ');
  const signed = branch.keys === undefined ? '' : `signed by ${signersOf({ keys: branch.keys })}`;
  return [shown, description, signed].filter((line) => line !== '');
}

/** `beta (not listed, using stable)` without the name. */
function reasonOf(choice: KnownBranches['choice']): string {
  return branchLabel(choice)
    .slice(choice.selected.length)
    .replace(/^ \(|\)$/g, '');
}
