/** The command line of `pikit-release branch`. */
import { STABLE, isBranchName } from '../../core/release/branches.ts';
import { choiceOf, parseWith, usage } from '../../core/command-line/command-table.ts';
import type { BranchFields } from '../site/branch-list.ts';
import type { BranchKeysWish } from '../trust/branch-keys.ts';
import type { KeyOptions } from '../keys/open-signing.ts';
import { RELEASE } from './commands.ts';
import { keyOptions, parseBranchKeys } from '../key-cli/key-arguments.ts';
import { visibleText } from '../builder/visible-text.ts';

const SWITCHES = {
  enable: { enabled: true },
  disable: { enabled: false },
  show: { visible: true },
  hide: { visible: false },
} as const;
export type Switch = keyof typeof SWITCHES;
const PLATFORMS = ['linux', 'windows', 'macos'] as const;

export type BranchCommand =
  | { verb: 'list' }
  | { verb: 'add' | 'edit'; name: string; fields: BranchFields; ownKeys?: BranchKeysWish }
  | { verb: Switch; names: string[]; fields: BranchFields }
  | { verb: 'remove'; names: string[] };

export interface ParsedBranch {
  name: 'branch';
  json: boolean;
  site: string;
  /** Of the commands that change something. */
  keys: KeyOptions;
  command: BranchCommand;
}
type Name = Extract<keyof typeof RELEASE.commands, `branch ${string}`>;

/** Parses what follows `branch add` and the like. Throws USAGE; INPUT_REFUSED for a text that devices could not show. */
export function parseBranch(name: Name, args: string[]): ParsedBranch {
  switch (name) {
    case 'branch list': {
      const { values } = parseWith(RELEASE, name, args);
      return { name: 'branch', json: values.json, site: values.site, keys: keyOptions({}), command: { verb: 'list' } };
    }
    case 'branch add':
      return parseAdd(args);
    case 'branch edit':
      return parseEdit(args);
    case 'branch enable':
      return parseNames('enable', args);
    case 'branch disable':
      return parseNames('disable', args);
    case 'branch hide':
      return parseNames('hide', args);
    case 'branch show':
      return parseNames('show', args);
    case 'branch remove':
      return parseNames('remove', args);
    default:
      return name satisfies never;
  }
}

function parseNames(verb: Switch | 'remove', args: string[]): ParsedBranch {
  const { values, positionals } = parseWith(RELEASE, `branch ${verb}`, args);
  if (positionals.length === 0) throw nameMissing(`branch ${verb}`);
  const names = [...new Set(positionals.map(parseListedName))];
  const command: BranchCommand = verb === 'remove' ? { verb, names } : { verb, names, fields: SWITCHES[verb] };
  return { name: 'branch', json: values.json, site: values.site, keys: keyOptions(values), command };
}

function parseAdd(args: string[]): ParsedBranch {
  const { values, positionals } = parseWith(RELEASE, 'branch add', args);
  const name = parseListedName(positionals[0] ?? fail(nameMissing('branch add')));
  if (name === 'list') {
    throw usage(`'list' is not a valid branch name: on a device, \`pikit-update branch list\` lists them`, 'take another name');
  }
  const fields: BranchFields = { ...fieldsOf(values), ...(values.disabled ? { enabled: false } : {}), ...(values.hidden ? { visible: false } : {}) };
  const ownKeys = parseBranchKeys(values);
  return {
    name: 'branch',
    json: values.json,
    site: values.site,
    keys: keyOptions(values),
    command: { verb: 'add', name, fields, ...(ownKeys === null ? {} : { ownKeys }) },
  };
}

function parseEdit(args: string[]): ParsedBranch {
  const { values, positionals } = parseWith(RELEASE, 'branch edit', args);
  const name = parseListedName(positionals[0] ?? fail(nameMissing('branch edit')));
  const fields = fieldsOf(values);
  const ownKeys = parseBranchKeys(values);
  if (Object.keys(fields).length === 0 && ownKeys === null) {
    throw usage('branch edit was not told what to change', 'give --display-name, --description, --on, --not-on, --key or --new-key');
  }
  return {
    name: 'branch',
    json: values.json,
    site: values.site,
    keys: keyOptions(values),
    command: { verb: 'edit', name, fields, ...(ownKeys === null ? {} : { ownKeys }) },
  };
}

function nameMissing(command: string): Error {
  return usage(`${command} needs the name of a branch`, `for example: ${RELEASE.name} ${command} beta --site DIR`);
}

function fail(error: Error): never {
  throw error;
}

interface FieldOptions {
  'display-name'?: string | undefined;
  description?: string | undefined;
  on: readonly string[];
  'not-on': readonly string[];
}

function fieldsOf({ 'display-name': displayName, description, on, 'not-on': notOn }: FieldOptions): BranchFields {
  return {
    ...(displayName === undefined ? {} : { display_name: visibleText('the display name', displayName, { min: 1, max: 200 }) }),
    ...(description === undefined ? {} : { description: visibleText('the description', description, { min: 0, max: 2000 }) }),
    ...platforms(on, notOn),
  };
}

function platforms(on: readonly string[], notOn: readonly string[]): BranchFields {
  const flags: BranchFields = {};
  for (const platform of [...on, ...notOn]) {
    const known = choiceOf(platform, PLATFORMS, `'${platform}' is not a platform`);
    if (on.includes(known) && notOn.includes(known)) throw usage(`--on and --not-on both name '${known}'`, 'give one of them');
    flags[known] = on.includes(known);
  }
  return flags;
}

/** The name of a branch that can be listed, which `stable` cannot. */
function parseListedName(name: string): string {
  if (name === STABLE) throw usage(`'${STABLE}' is built in: every site has it, and it cannot be added, changed or removed`, 'name another branch');
  if (isBranchName(name)) return name;
  throw usage(`'${name}' is not a valid branch name`, 'a name has 1 to 64 of a-z, 0-9 and _; --display-name takes any text');
}
