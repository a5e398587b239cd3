/** The command line of pikit-release, parsed into what the commands take. Every mistake is USAGE, and names the option. */
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { STABLE } from '../core/branches.ts';
import { UpdateError } from '../core/errors.ts';
import { UnitName } from '../core/manifest.ts';
import type { ParsedBranch } from './branch-arguments.ts';
import { parseBranch } from './branch-arguments.ts';
import type { BuildOptions } from './build.ts';
import type { Surroundings } from './options.ts';
import { common, flag, list, parseBranchName, parsePercent, releaseTime, required, string, usage } from './options.ts';
import type { PromoteOptions } from './promote.ts';
import type { PublishArguments } from './publish-arguments.ts';
import { parsePublish } from './publish-arguments.ts';

export type Command =
  | { name: 'help' }
  | { name: 'init'; json: boolean; site: string; unsigned: boolean }
  | { name: 'build'; json: boolean; options: BuildOptions }
  | ParsedBranch
  | { name: 'promote'; json: boolean; options: PromoteOptions }
  | { name: 'publish'; json: boolean; options: PublishArguments }
  | { name: 'verify'; json: boolean; site: string };

const NOTES_MAX_BYTES = 64 * 1024;

/** Parses the arguments after the program's name. Throws USAGE; INPUT_REFUSED when the notes cannot be used. */
export function parseCommand(args: readonly string[], around: Surroundings): Command {
  const [name, ...rest] = args;
  try {
    switch (name) {
      case 'init':
        return parseInit(rest);
      case 'build':
        return parseBuild(rest, around);
      case 'branch':
        return parseBranch(rest);
      case 'promote':
        return parsePromote(rest, around);
      case 'publish': {
        const publish = parsePublish(rest, around.env);
        return publish === null ? { name: 'help' } : { name: 'publish', ...publish };
      }
      case 'verify':
        return parseVerify(rest);
      case '--help':
      case '-h':
      case 'help':
        return { name: 'help' };
      case undefined:
        throw usage('no command was given');
      default:
        throw usage(`'${name}' is not a command of pikit-release`);
    }
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
      throw usage(`${error.message.charAt(0).toLowerCase()}${error.message.slice(1).split('. ')[0] ?? ''}`, { cause: error });
    }
    throw error;
  }
}

function parseInit(args: string[]): Command {
  const { values } = parseArgs({ args, options: { ...common, unsigned: flag } });
  if (values.help) return { name: 'help' };
  return { name: 'init', json: values.json, site: required('--site', values.site), unsigned: values.unsigned };
}

function parseVerify(args: string[]): Command {
  const { values } = parseArgs({ args, options: common });
  if (values.help) return { name: 'help' };
  return { name: 'verify', json: values.json, site: required('--site', values.site) };
}

function parsePromote(args: string[], around: Surroundings): Command {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...common, from: string, to: string, rollout: string },
  });
  if (values.help) return { name: 'help' };
  const [version, ...more] = positionals;
  if (version === undefined) throw usage('the version to promote is missing');
  if (more.length > 0) throw usage(`one version is promoted at a time, '${more.join("', '")}' is too much`);
  const options: PromoteOptions = {
    site: required('--site', values.site),
    version,
    from: parseBranchName('--from', required('--from', values.from)),
    to: parseBranchName('--to', required('--to', values.to)),
    rolloutPercent: parsePercent(values.rollout),
    released: releaseTime(around),
  };
  if (options.from === options.to) throw usage(`--from and --to are both '${options.to}'`);
  return { name: 'promote', json: values.json, options };
}

function parseBuild(args: string[], around: Surroundings): Command {
  const { values } = parseArgs({
    args,
    options: {
      ...common,
      from: string,
      version: string,
      branch: string,
      'notes-file': string,
      changelog: string,
      rollout: string,
      restart: list,
      config: list,
      'min-version': string,
      arch: list,
    },
  });
  if (values.help) return { name: 'help' };
  const options: BuildOptions = {
    site: required('--site', values.site),
    from: required('--from', values.from),
    version: required('--version', values.version),
    branch: parseBranchName('--branch', values.branch ?? STABLE),
    notes: values['notes-file'] === undefined ? '' : readNotes(values['notes-file']),
    changelog: values.changelog === undefined ? '' : parseAddress(values.changelog),
    rolloutPercent: parsePercent(values.rollout),
    restart: values.restart.map(parseUnit),
    config: values.config,
    minVersion: values['min-version'] ?? null,
    arch: values.arch,
    released: releaseTime(around),
  };
  return { name: 'build', json: values.json, options };
}

function parseAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return text;
  throw usage(`--changelog '${text}' is not an http:// or https:// address`);
}

function parseUnit(text: string): string {
  const unit = UnitName.safeParse(text);
  if (unit.success) return unit.data;
  throw usage(`--restart '${text}' is not the name of a unit`);
}

function readNotes(file: string): string {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(file);
  } catch (error) {
    throw new UpdateError('INPUT_REFUSED', `the notes '${file}' cannot be read`, { cause: error });
  }
  if (bytes.length > NOTES_MAX_BYTES) {
    throw new UpdateError('INPUT_REFUSED', `the notes '${file}' have ${String(bytes.length)} bytes, ${String(NOTES_MAX_BYTES)} are allowed`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UpdateError('INPUT_REFUSED', `the notes '${file}' are not UTF-8 text`, { cause: error });
  }
}
