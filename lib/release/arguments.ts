/** The command line of pikit-release, parsed into what the commands take. Every mistake is USAGE, and names the option. */
import fs from 'node:fs';
import { STABLE } from '../core/branches.ts';
import { choiceOf, chooseCommand, parseWith, usage, usageLine } from '../core/command-table.ts';
import { ARCHITECTURES } from '../core/decide.ts';
import { UpdateError } from '../core/errors.ts';
import { UnitName } from '../core/manifest.ts';
import type { ParsedBranch } from './branch-arguments.ts';
import { parseBranch } from './branch-arguments.ts';
import type { BuildOptions } from './build.ts';
import { RELEASE } from './commands.ts';
import type { Surroundings } from './options.ts';
import { parseBranchName, parsePercent, releaseTime, required } from './options.ts';
import type { PromoteOptions } from './promote.ts';
import type { PublishArguments } from './publish-arguments.ts';
import { assertNoLogin, parsePublish, readToken } from './publish-arguments.ts';
import type { WithdrawOptions } from './withdraw.ts';

export type Command =
  | { name: 'help'; of: CommandName | null; group: string | null }
  | { name: 'version' }
  | { name: 'init'; json: boolean; site: string; unsigned: boolean; from: { from: string; token: string | null } | null }
  | { name: 'build'; json: boolean; options: BuildOptions }
  | ParsedBranch
  | { name: 'promote'; json: boolean; options: PromoteOptions }
  | { name: 'withdraw'; json: boolean; options: WithdrawOptions }
  | { name: 'publish'; json: boolean; options: PublishArguments }
  | { name: 'verify'; json: boolean; site: string };

type CommandName = keyof typeof RELEASE.commands;

const SECRET_KEY = /^(access_?token|auth_?token|private_?token|token|api_?key|key|secret|password|passwd|pwd|sig|signature|x-amz-.*)$/i;
const NOTES_MAX_BYTES = 64 * 1024;

/** Parses the arguments after the program's name. Throws USAGE; INPUT_REFUSED when the notes cannot be used. */
export function parseCommand(args: readonly string[], around: Surroundings): Command {
  const chosen = chooseCommand(RELEASE, args);
  switch (chosen.is) {
    case 'version':
      return { name: 'version' };
    case 'help':
      return { name: 'help', of: chosen.of, group: chosen.group };
    case 'command':
      return parseOptions(chosen.of, chosen.rest, around);
    default:
      return chosen satisfies never;
  }
}

function parseOptions(name: CommandName, args: string[], around: Surroundings): Command {
  switch (name) {
    case 'init':
      return parseInit(args, around);
    case 'build':
      return parseBuild(args, around);
    case 'promote':
      return parsePromote(args, around);
    case 'withdraw':
      return parseWithdraw(args, around);
    case 'publish':
      return { name, ...parsePublish(args, around.env) };
    case 'verify': {
      const { values } = parseWith(RELEASE.name, name, RELEASE.commands.verify, args);
      return { name, json: values.json, site: required('--site', values.site) };
    }
    case 'branch list':
    case 'branch add':
    case 'branch edit':
    case 'branch enable':
    case 'branch disable':
    case 'branch hide':
    case 'branch show':
    case 'branch remove':
      return parseBranch(name, args);
    default:
      return name satisfies never;
  }
}

function parseInit(args: string[], { env }: Surroundings): Command {
  const { values } = parseWith(RELEASE.name, 'init', RELEASE.commands.init, args);
  const { json, from, unsigned } = values;
  const site = required('--site', values.site);
  if (from === undefined) return { name: 'init', json, site, unsigned, from: null };
  assertNoLogin('--from', from);
  return { name: 'init', json, site, unsigned, from: { from, token: from.startsWith('gitea:') ? readToken(values['token-file'], env) : null } };
}

function parsePromote(args: string[], around: Surroundings): Command {
  const { values, positionals } = parseWith(RELEASE.name, 'promote', RELEASE.commands.promote, args);
  const [version] = positionals;
  if (version === undefined) throw usage('the version to promote is missing', usageLine(RELEASE.name, 'promote', RELEASE.commands.promote));
  const options: PromoteOptions = {
    site: required('--site', values.site),
    version,
    from: parseBranchName('--from', required('--from', values.from)),
    to: parseBranchName('--to', required('--to', values.to)),
    rolloutPercent: parsePercent(values.rollout),
    released: releaseTime(around),
  };
  if (options.from === options.to) {
    throw usage(
      `--from and --to are both '${options.to}'`,
      'to widen a rollout, name the branch that the release came from, or build it again with more',
    );
  }
  return { name: 'promote', json: values.json, options };
}

function parseWithdraw(args: string[], around: Surroundings): Command {
  const { values, positionals } = parseWith(RELEASE.name, 'withdraw', RELEASE.commands.withdraw, args);
  const [version] = positionals;
  if (version === undefined) throw usage('the version to withdraw is missing', usageLine(RELEASE.name, 'withdraw', RELEASE.commands.withdraw));
  const options: WithdrawOptions = {
    site: required('--site', values.site),
    version,
    branch: parseBranchName('--branch', values.branch ?? STABLE),
    released: releaseTime(around),
  };
  return { name: 'withdraw', json: values.json, options };
}

function parseBuild(args: string[], around: Surroundings): Command {
  const { values } = parseWith(RELEASE.name, 'build', RELEASE.commands.build, args);
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
    arch: values.arch.map(parseArch),
    include: values.include,
    released: releaseTime(around),
  };
  return { name: 'build', json: values.json, options };
}

function parseAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw usage(`--changelog '${text}' is not an http:// or https:// address`, 'for example: --changelog https://example.org/changes');
  }
  // It is published, and shown on every device.
  if (url.username !== '' || url.password !== '')
    throw usage('--changelog has a user name or password in it', 'everybody would see it: leave it out');
  const secret = [...url.searchParams.keys()].find((key) => SECRET_KEY.test(key));
  if (secret !== undefined)
    throw usage(`--changelog has '${secret}' in its query, which looks like a secret`, 'everybody would see it: leave it out');
  return text;
}

/** A device that knows none of the names would refuse the release for ever. */
function parseArch(text: string): string {
  return choiceOf(text, ARCHITECTURES, `--arch '${text}' is no architecture that devices know`);
}

function parseUnit(text: string): string {
  const unit = UnitName.safeParse(text);
  if (unit.success) return unit.data;
  throw usage(`--restart '${text}' is not the name of a unit`, 'for example: --restart pikit-api.service');
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
