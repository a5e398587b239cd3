/** The command line of pikit-update, parsed into what the commands take. Every mistake is USAGE, names the value and what is allowed. */
import { posix } from 'node:path';
import type { ParseArgsConfig } from 'node:util';
import { parseArgs } from 'node:util';
import { isBranchName } from '../core/branches.ts';
import { UpdateError, toUpdateError } from '../core/errors.ts';
import type { Auto } from '../core/state.ts';
import { AUTO_CHOICES, Settings } from '../core/state.ts';
import { parseVersion } from '../core/version.ts';
import { nearest } from '../core/nearest.ts';
import type { CommandName } from './usage.ts';
import { COMMANDS } from './usage.ts';

export type Command =
  | { name: 'help'; of: CommandName | null }
  | { name: 'version' }
  | { name: 'status' | 'check' | 'rollback' | 'cancel' | 'plan'; json: boolean }
  | { name: 'apply'; json: boolean; version: string | null; replace: readonly string[] }
  | { name: 'branch'; json: boolean; wanted: BranchWish }
  | { name: 'auto'; json: boolean; auto: Auto | null; time: string | null }
  | { name: 'history'; json: boolean; count: number | null }
  | { name: 'logs'; follow: boolean; count: number | null };

/** What `branch` is to do. */
export type BranchWish = { is: 'list' } | { is: 'choose'; branch: string } | { is: 'dismiss'; id: string | null };

/** What a command takes besides options. */
const WORDS: Readonly<Partial<Record<CommandName, readonly string[]>>> = { auto: AUTO_CHOICES, branch: ['list', 'NAME'] };

type Options = NonNullable<ParseArgsConfig['options']>;

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const HELP = { help: { type: 'boolean', short: 'h', default: false } } as const;
const JSON_TOO = { ...HELP, json: flag } as const;
const COUNT = { lines: { type: 'string', short: 'n' } } as const;

/** Parses the arguments after the program's name. Throws USAGE. */
export function parseCommand(args: readonly string[]): Command {
  const [first, ...rest] = args;
  if (first === undefined) throw usage('no command was given', `commands are ${COMMANDS.join(', ')}; \`pikit-update --help\` explains them`);
  if (first === '--help' || first === '-h' || first === 'help') return { name: 'help', of: COMMANDS.find((name) => name === rest[0]) ?? null };
  if (first === '--version') return { name: 'version' };
  const name = COMMANDS.find((known) => known === first);
  if (name === undefined) throw unknownCommand(first);
  return parseOptions(name, rest);
}

function parseOptions(name: CommandName, args: string[]): Command {
  switch (name) {
    case 'status':
    case 'check':
    case 'rollback':
    case 'cancel':
    case 'plan': {
      const { values } = parse(name, args, JSON_TOO);
      return values.help ? help(name) : { name, json: values.json };
    }
    case 'apply': {
      const { values } = parse(name, args, { ...JSON_TOO, version: text, replace: { type: 'string', multiple: true } });
      if (values.help) return help(name);
      const version = values.version === undefined ? null : versionOf(values.version);
      return { name, json: values.json, version, replace: (values.replace ?? []).map(replaceable) };
    }
    case 'branch': {
      const { values, positionals } = parse(name, args, { ...JSON_TOO, dismiss: flag }, 1);
      return values.help ? help(name) : { name, json: values.json, wanted: branchWish(positionals[0], values.dismiss) };
    }
    case 'auto': {
      const { values, positionals } = parse(name, args, { ...JSON_TOO, time: text }, 1);
      return values.help ? help(name) : { name, json: values.json, auto: choiceOf(positionals[0]), time: timeOf(values.time) };
    }
    case 'history': {
      const { values } = parse(name, args, { ...JSON_TOO, ...COUNT });
      return values.help ? help(name) : { name, json: values.json, count: countOf(values.lines) };
    }
    case 'logs': {
      const { values } = parse(name, args, { ...HELP, ...COUNT, follow: { type: 'boolean', short: 'f', default: false } });
      return values.help ? help(name) : { name, follow: values.follow, count: countOf(values.lines) };
    }
    default:
      return name satisfies never;
  }
}

function help(of: CommandName): Command {
  return { name: 'help', of };
}

function parse<const T extends Options>(name: CommandName, args: string[], options: T, most = 0) {
  const allowed = `\`pikit-update ${name}\` takes ${[...(WORDS[name] ?? []), ...Object.entries(options).map(optionText)].join(', ')}`;
  try {
    const parsed = parseArgs({ args, options, allowPositionals: true });
    const extra = parsed.positionals[most];
    if (extra !== undefined) throw usage(`'${extra}' is one argument too many`, allowed);
    return parsed;
  } catch (error) {
    if (!(error instanceof TypeError) || !('code' in error) || !String(error.code).startsWith('ERR_PARSE_ARGS')) throw error;
    const message = error.message.split(/[.\n]/)[0] ?? '';
    throw usage(`${message.charAt(0).toLowerCase()}${message.slice(1)}`, allowed, error);
  }
}

function optionText([option, { short, type }]: [string, Options[string]]): string {
  return `${short === undefined || option === 'help' ? `--${option}` : `-${short}`}${type === 'string' ? ' …' : ''}`;
}

function usage(message: string, hint: string, cause?: unknown): UpdateError {
  return new UpdateError('USAGE', message, { hint, cause });
}

function unknownCommand(typed: string): UpdateError {
  const near = typed.startsWith('-') ? null : nearest(typed, COMMANDS);
  const known = `commands are ${COMMANDS.join(', ')}`;
  return usage(
    typed.startsWith('-') ? `unknown option '${typed}'` : `unknown command '${typed}'`,
    near === null ? known : `did you mean '${near}'? ${known}`,
  );
}

function versionOf(typed: string): string {
  try {
    return parseVersion(typed);
  } catch (error) {
    const { message, hint } = toUpdateError(error);
    throw usage(`--version: ${message}`, hint ?? '', error);
  }
}

function replaceable(typed: string): string {
  if (typed.startsWith('/') && !typed.endsWith('/')) return posix.normalize(typed);
  throw usage(
    `--replace '${typed}' is not the path of a file`,
    'allowed is a path from / on, for example /usr/local/bin/tool: `pikit-update plan` names them',
  );
}

function branchWish(word: string | undefined, dismiss: boolean): BranchWish {
  if (dismiss) return { is: 'dismiss', id: word ?? null };
  if (word === undefined || word === 'list') return { is: 'list' };
  if (isBranchName(word)) return { is: 'choose', branch: word };
  throw usage(`'${word}' cannot be the name of a branch`, 'names are of a-z, 0-9 and _: `pikit-update branch list` shows them');
}

function choiceOf(typed: string | undefined): Auto | null {
  if (typed === undefined) return null;
  const choice = AUTO_CHOICES.find((known) => known === typed);
  if (choice !== undefined) return choice;
  const near = nearest(typed, AUTO_CHOICES);
  throw usage(`'${typed}' is not a choice for auto`, `${near === null ? '' : `did you mean '${near}'? `}allowed are ${AUTO_CHOICES.join(', ')}`);
}

function timeOf(typed: string | undefined): string | null {
  if (typed === undefined) return null;
  if (Settings.shape.time.safeParse(typed).success) return typed;
  throw usage(`--time '${typed}' is not a time of day`, 'allowed are 00:00 to 23:59, for example 04:20');
}

function countOf(typed: string | undefined): number | null {
  if (typed === undefined) return null;
  if (/^[1-9]\d{0,5}$/.test(typed)) return Number(typed);
  throw usage(`-n '${typed}' is not a number of lines`, 'allowed are 1 to 999999');
}
