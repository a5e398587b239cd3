/** The command line of `pikit-release branch`. */
import { parseArgs } from 'node:util';
import { STABLE, isBranchName } from '../core/branches.ts';
import { nearest } from '../core/nearest.ts';
import type { BranchFields } from './branch-list.ts';
import { common, flag, list, required, string, usage } from './options.ts';
import { visibleText } from './visible-text.ts';

const SWITCHES = {
  enable: { enabled: true },
  disable: { enabled: false },
  show: { visible: true },
  hide: { visible: false },
} as const;
export type Switch = keyof typeof SWITCHES;
const VERBS = ['list', 'add', 'edit', 'enable', 'disable', 'hide', 'show', 'remove'] as const;
const PLATFORMS = ['linux', 'windows', 'macos'] as const;

export type BranchCommand =
  | { verb: 'list' }
  | { verb: 'add' | 'edit'; name: string; fields: BranchFields }
  | { verb: Switch; names: string[]; fields: BranchFields }
  | { verb: 'remove'; names: string[] };

export type ParsedBranch = { name: 'help' } | { name: 'branch'; json: boolean; site: string; command: BranchCommand };

/** Parses what follows `branch`. Throws USAGE; INPUT_REFUSED for a text that devices could not show. */
export function parseBranch(args: readonly string[]): ParsedBranch {
  const [typed, ...rest] = args;
  if (typed === '--help' || typed === '-h') return { name: 'help' };
  const verb = VERBS.find((known) => known === typed);
  if (verb === undefined) throw unknownVerb(typed);
  switch (verb) {
    case 'list':
      return parseList(rest);
    case 'add':
      return parseFields(verb, rest, { hidden: flag, disabled: flag });
    case 'edit':
      return parseFields(verb, rest, {});
    case 'enable':
    case 'disable':
    case 'hide':
    case 'show':
    case 'remove':
      return parseNames(verb, rest);
    default:
      return verb satisfies never;
  }
}

function unknownVerb(typed: string | undefined): Error {
  const hint = `what can be done with branches: ${VERBS.join(', ')}`;
  if (typed === undefined) return usage('branch needs to know what to do', { hint });
  const meant = nearest(typed, VERBS);
  return usage(`'${typed}' cannot be done with branches`, { hint: meant === null ? hint : `did you mean 'branch ${meant}'? ${hint}` });
}

function parseList(args: string[]): ParsedBranch {
  const { values } = parseArgs({ args, options: common });
  if (values.help) return { name: 'help' };
  return { name: 'branch', json: values.json, site: required('--site', values.site), command: { verb: 'list' } };
}

function parseNames(verb: Switch | 'remove', args: string[]): ParsedBranch {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: common });
  if (values.help) return { name: 'help' };
  if (positionals.length === 0) throw usage(`branch ${verb} needs the name of a branch`);
  const names = [...new Set(positionals.map(parseListedName))];
  const command: BranchCommand = verb === 'remove' ? { verb, names } : { verb, names, fields: SWITCHES[verb] };
  return { name: 'branch', json: values.json, site: required('--site', values.site), command };
}

function parseFields(verb: 'add' | 'edit', args: string[], flags: { hidden?: typeof flag; disabled?: typeof flag }): ParsedBranch {
  const options = { ...common, 'display-name': string, description: string, on: list, 'not-on': list, ...flags } as const;
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
  if (values.help) return { name: 'help' };
  const [name, ...more] = positionals;
  if (name === undefined) throw usage(`branch ${verb} needs the name of a branch`);
  if (verb === 'add' && name === 'list')
    throw usage(`'list' cannot be the name of a branch: on a device, \`pikit-update branch list\` lists them`, { hint: 'take another name' });
  if (more.length > 0) throw usage(`branch ${verb} takes one branch at a time, '${more.join("', '")}' is too much`);
  const { 'display-name': displayName, description } = values;
  const fields: BranchFields = {
    ...(displayName === undefined ? {} : { display_name: visibleText('the display name', displayName, { min: 1, max: 200 }) }),
    ...(description === undefined ? {} : { description: visibleText('the description', description, { min: 0, max: 2000 }) }),
    ...(values.disabled === true ? { enabled: false } : {}),
    ...(values.hidden === true ? { visible: false } : {}),
    ...platforms(values.on, values['not-on']),
  };
  if (verb === 'edit' && Object.keys(fields).length === 0) {
    throw usage('branch edit was not told what to change', { hint: 'give --display-name, --description, --on or --not-on' });
  }
  return { name: 'branch', json: values.json, site: required('--site', values.site), command: { verb, name: parseListedName(name), fields } };
}

function platforms(on: readonly string[], notOn: readonly string[]): BranchFields {
  const flags: BranchFields = {};
  for (const platform of [...on, ...notOn]) {
    const known = PLATFORMS.find((one) => one === platform);
    if (known === undefined) throw usage(`'${platform}' is not a platform: there are ${PLATFORMS.join(', ')}`);
    if (on.includes(known) && notOn.includes(known)) throw usage(`--on and --not-on both name '${known}'`);
    flags[known] = on.includes(known);
  }
  return flags;
}

/** The name of a branch that can be listed, which `stable` cannot. */
function parseListedName(name: string): string {
  if (name === STABLE)
    throw usage(`'${STABLE}' is built in: every site has it, and it cannot be added, changed or removed`, { hint: 'name another branch' });
  if (isBranchName(name)) return name;
  throw usage(`'${name}' cannot be the name of a branch`, { hint: 'a name has 1 to 64 of a-z, 0-9 and _; --display-name takes any text' });
}
