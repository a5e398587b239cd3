/** The command line of pikit-release, parsed into what the commands take. Every mistake is USAGE, and names the option. */
import fs from 'node:fs';
import { STABLE } from '../../core/release/branches.ts';
import type { Asked } from '../../core/command-line/command-table.ts';
import { choiceOf, chooseCommand, parseWith, usage, usageLine } from '../../core/command-line/command-table.ts';
import { ARCHITECTURES } from '../../core/offer/decide.ts';
import { UpdateError } from '../../core/errors.ts';
import { UnitName } from '../../core/release/manifest.ts';
import type { ParsedBranch } from './branch-arguments.ts';
import { parseBranch } from './branch-arguments.ts';
import type { BuildOptions } from '../builder/build.ts';
import { RELEASE } from './commands.ts';
import type { BuildEnvironment } from './options.ts';
import { parseBranchName, parsePercent, releaseTime } from './options.ts';
import type { KeyOptions } from '../keys/open-signing.ts';
import { keyOptions, parseExpiries, parseTeam } from '../key-cli/key-arguments.ts';
import type { PromoteOptions } from '../builder/promote.ts';
import type { TrustCommand } from '../key-cli/trust-arguments.ts';
import { parseTrust } from '../key-cli/trust-arguments.ts';
import type { PublishArguments } from './publish-arguments.ts';
import { assertNoLogin, parsePublish, readToken } from './publish-arguments.ts';
import type { TeamWish } from '../keys/team-keys.ts';
import type { GivenRoot } from '../verify/verify-as-device.ts';
import type { WithdrawOptions } from '../site/withdraw.ts';

export type ReleaseCommand =
  | Asked<CommandName>
  | InitCommand
  | { name: 'build'; json: boolean; keys: KeyOptions; options: BuildOptions }
  | ParsedBranch
  | TrustCommand
  | { name: 'promote'; json: boolean; keys: KeyOptions; options: PromoteOptions }
  | { name: 'withdraw'; json: boolean; keys: KeyOptions; options: WithdrawOptions }
  | { name: 'publish'; json: boolean; options: PublishArguments }
  | { name: 'verify'; json: boolean; site: string; asDevice: GivenRoot | null };

export interface InitCommand {
  name: 'init';
  json: boolean;
  site: string;
  unsigned: boolean;
  from: { from: string; token: string | null; trusted: Buffer | null } | null;
  /** Where keys go. */
  keys: KeyOptions;
  isEncrypted: boolean;
  days: ReadonlyMap<string, number>;
  team: TeamWish;
}

type CommandName = keyof typeof RELEASE.commands;

const SECRET_KEY = /^(access_?token|auth_?token|private_?token|token|api_?key|key|secret|password|passwd|pwd|sig|signature|x-amz-.*)$/i;
const NOTES_MAX_BYTES = 64 * 1024;

/** Parses the arguments after the program's name. Throws USAGE; INPUT_REFUSED when the notes cannot be used. */
export function parseReleaseCommand(args: readonly string[], around: BuildEnvironment): ReleaseCommand {
  const chosen = chooseCommand(RELEASE, args);
  return chosen.name === 'command' ? parseOptions(chosen.of, chosen.rest, around) : chosen;
}

function parseOptions(name: CommandName, args: string[], around: BuildEnvironment): ReleaseCommand {
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
      const { values } = parseWith(RELEASE, name, args);
      const asDevice = values.trust === undefined ? null : { path: values.trust, bytes: readInput(values.trust, 'the root of trust') };
      return { name, json: values.json, site: values.site, asDevice };
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
    case 'refresh':
    case 'sign':
    case 'prune':
    case 'key list':
    case 'key add':
    case 'key rotate':
    case 'key revoke':
    case 'key sign':
      return parseTrust(name, args);
    default:
      return name satisfies never;
  }
}

function parseInit(args: string[], { env }: BuildEnvironment): ReleaseCommand {
  const { values } = parseWith(RELEASE, 'init', args);
  const { json, from, unsigned, site } = values;
  const team = parseTeam(values);
  if (team.files.length > 0 && (unsigned || from !== undefined))
    throw usage(`--key is of a new signed site: leave ${unsigned ? '--unsigned' : '--from'} out`, 'pikit-release help init');
  const about = { json, site, unsigned, keys: keyOptions(values), isEncrypted: !values['no-passphrase'], days: parseExpiries(values.expires), team };
  if (from === undefined) return { name: 'init', ...about, from: null };
  assertNoLogin('--from', from);
  const trusted = values.trust === undefined ? null : readInput(values.trust, 'the root of trust');
  return { name: 'init', ...about, from: { from, token: from.startsWith('gitea:') ? readToken(values['token-file'], env) : null, trusted } };
}

function parsePromote(args: string[], around: BuildEnvironment): ReleaseCommand {
  const { values, positionals } = parseWith(RELEASE, 'promote', args);
  const [version] = positionals;
  if (version === undefined) throw usage('the version to promote is missing', usageLine(RELEASE.name, 'promote', RELEASE.commands.promote));
  const options: PromoteOptions = {
    site: values.site,
    version,
    from: parseBranchName('--from', values.from),
    to: parseBranchName('--to', values.to),
    rolloutPercent: parsePercent(values.rollout),
    released: releaseTime(around),
  };
  if (options.from === options.to) {
    throw usage(
      `--from and --to are both '${options.to}'`,
      'to widen a rollout, name the branch that the release came from, or build it again with more',
    );
  }
  return { name: 'promote', json: values.json, keys: keyOptions(values), options };
}

function parseWithdraw(args: string[], around: BuildEnvironment): ReleaseCommand {
  const { values, positionals } = parseWith(RELEASE, 'withdraw', args);
  const [version] = positionals;
  if (version === undefined) throw usage('the version to withdraw is missing', usageLine(RELEASE.name, 'withdraw', RELEASE.commands.withdraw));
  const options: WithdrawOptions = {
    site: values.site,
    version,
    branch: parseBranchName('--branch', values.branch ?? STABLE),
    released: releaseTime(around),
  };
  return { name: 'withdraw', json: values.json, keys: keyOptions(values), options };
}

function parseBuild(args: string[], around: BuildEnvironment): ReleaseCommand {
  const { values } = parseWith(RELEASE, 'build', args);
  const options: BuildOptions = {
    site: values.site,
    from: values.from,
    version: values.version,
    branch: parseBranchName('--branch', values.branch ?? STABLE),
    notes: values['notes-file'] === undefined ? '' : readNotes(values['notes-file']),
    changelog: values.changelog === undefined ? '' : parseAddress(values.changelog),
    rolloutPercent: parsePercent(values.rollout),
    restart: values.restart.map(parseUnit),
    run: values.run.map((text) => text.trim().split(/\s+/)),
    config: values.config,
    minVersion: values['min-version'] ?? null,
    arch: values.arch.map(parseArch),
    include: values.include,
    released: releaseTime(around),
  };
  return { name: 'build', json: values.json, keys: keyOptions(values), options };
}

function parseAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw usage(`--changelog '${text}' is not an http:// or https:// address`, 'for example: --changelog https://example.org/changes');
  }
  // It is published, and shown on every device.
  if (url.username !== '' || url.password !== '') throw usage('--changelog has a user name or password in it', 'anyone could see it: leave it out');
  const secret = [...url.searchParams.keys()].find((key) => SECRET_KEY.test(key));
  if (secret !== undefined) throw usage(`--changelog has '${secret}' in its query, which looks like a secret`, 'anyone could see it: leave it out');
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

function readInput(file: string, what: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    throw new UpdateError('INPUT_REFUSED', `${what} '${file}' cannot be read`, { cause: error });
  }
}

function readNotes(file: string): string {
  const bytes = readInput(file, 'the notes');
  if (bytes.length > NOTES_MAX_BYTES) {
    throw new UpdateError('INPUT_REFUSED', `the notes '${file}' have ${String(bytes.length)} bytes, ${String(NOTES_MAX_BYTES)} are allowed`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UpdateError('INPUT_REFUSED', `the notes '${file}' are not UTF-8 text`, { cause: error });
  }
}
