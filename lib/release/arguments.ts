/** The command line of pikit-release, parsed into what the commands take. Every mistake is USAGE, and names the option. */
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { STABLE } from '../core/branches.ts';
import { UpdateError } from '../core/errors.ts';
import { UnitName } from '../core/manifest.ts';
import type { BuildOptions } from './build.ts';

export type Command =
  | { name: 'help' }
  | { name: 'init'; json: boolean; site: string; unsigned: boolean }
  | { name: 'build'; json: boolean; options: BuildOptions }
  | { name: 'verify'; json: boolean; site: string };

export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  now: Date;
}

const string = { type: 'string' } as const;
const NONE: string[] = [];
const list = { type: 'string', multiple: true, default: NONE } as const;
const common = { site: string, json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } } as const;
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
      throw usage(`${error.message.charAt(0).toLowerCase()}${error.message.slice(1).split('. ')[0] ?? ''}`, error);
    }
    throw error;
  }
}

function parseInit(args: string[]): Command {
  const { values } = parseArgs({ args, options: { ...common, unsigned: { type: 'boolean', default: false } } });
  if (values.help) return { name: 'help' };
  return { name: 'init', json: values.json, site: required('--site', values.site), unsigned: values.unsigned };
}

function parseVerify(args: string[]): Command {
  const { values } = parseArgs({ args, options: common });
  if (values.help) return { name: 'help' };
  return { name: 'verify', json: values.json, site: required('--site', values.site) };
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
    branch: values.branch ?? STABLE,
    notes: values['notes-file'] === undefined ? '' : readNotes(values['notes-file']),
    changelog: values.changelog === undefined ? '' : parseAddress(values.changelog),
    rolloutPercent: values.rollout === undefined ? null : parsePercent(values.rollout),
    restart: values.restart.map(parseUnit),
    config: values.config,
    minVersion: values['min-version'] ?? null,
    arch: values.arch,
    released: releaseTime(around),
  };
  return { name: 'build', json: values.json, options };
}

function usage(message: string, cause?: unknown): UpdateError {
  return new UpdateError('USAGE', message, { cause });
}

function required(option: string, value: string | undefined): string {
  if (value === undefined || value === '') throw usage(`${option} is missing`);
  return value;
}

function parseAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return text;
  throw usage(`--changelog '${text}' is not an http:// or https:// address`);
}

function parsePercent(text: string): number {
  const percent = /^\d{1,3}(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (percent >= 0 && percent <= 100) return percent;
  throw usage(`--rollout '${text}' is not a percentage from 0 to 100`);
}

function parseUnit(text: string): string {
  const unit = UnitName.safeParse(text);
  if (unit.success) return unit.data;
  throw usage(`--restart '${text}' is not the name of a unit`);
}

function releaseTime({ env, now }: Surroundings): Date {
  const epoch = env['SOURCE_DATE_EPOCH'];
  if (epoch === undefined || epoch === '') return now;
  if (/^\d{1,11}$/.test(epoch)) return new Date(Number(epoch) * 1000);
  throw usage(`SOURCE_DATE_EPOCH '${epoch}' is not a number of seconds`);
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
