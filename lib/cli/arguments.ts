/** The command line of pikit-update, parsed into what the commands take. Every mistake is USAGE, names the value and what is allowed. */
import { posix } from 'node:path';
import { isBranchName } from '../core/branches.ts';
import { choiceOf, chooseCommand, parseWith, usage } from '../core/command-table.ts';
import { toUpdateError } from '../core/errors.ts';
import type { Auto } from '../core/state.ts';
import { AUTO_CHOICES, Settings } from '../core/state.ts';
import { parseVersion } from '../core/version.ts';
import type { CommandName } from './usage.ts';
import { UPDATE } from './usage.ts';

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

/** Parses the arguments after the program's name. Throws USAGE. */
export function parseCommand(args: readonly string[]): Command {
  const chosen = chooseCommand(UPDATE, args);
  switch (chosen.is) {
    case 'version':
      return { name: 'version' };
    case 'help':
      return { name: 'help', of: chosen.of };
    case 'command':
      return parseOptions(chosen.of, chosen.rest);
    default:
      return chosen satisfies never;
  }
}

function parseOptions(name: CommandName, args: string[]): Command {
  switch (name) {
    case 'status':
    case 'check':
    case 'rollback':
    case 'cancel':
    case 'plan': {
      const { values } = parseWith(UPDATE.name, name, UPDATE.commands[name], args);
      return { name, json: values.json };
    }
    case 'apply': {
      const { values } = parseWith(UPDATE.name, name, UPDATE.commands.apply, args);
      const version = values.version === undefined ? null : versionOf(values.version);
      return { name, json: values.json, version, replace: values.replace.map(replaceable) };
    }
    case 'branch': {
      const { values, positionals } = parseWith(UPDATE.name, name, UPDATE.commands.branch, args);
      return { name, json: values.json, wanted: branchWish(positionals[0], values.dismiss) };
    }
    case 'auto': {
      const { values, positionals } = parseWith(UPDATE.name, name, UPDATE.commands.auto, args);
      const [typed] = positionals;
      const auto = typed === undefined ? null : choiceOf(typed, AUTO_CHOICES, `'${typed}' is not a choice for auto`);
      return { name, json: values.json, auto, time: timeOf(values.time) };
    }
    case 'history': {
      const { values } = parseWith(UPDATE.name, name, UPDATE.commands.history, args);
      return { name, json: values.json, count: countOf(values.lines) };
    }
    case 'logs': {
      const { values } = parseWith(UPDATE.name, name, UPDATE.commands.logs, args);
      return { name, follow: values.follow, count: countOf(values.lines) };
    }
    default:
      return name satisfies never;
  }
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
