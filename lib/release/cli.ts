/** Runs one pikit-release command: results on stdout, notices and errors on stderr, exit code 0, 1 or 2. */
import { commandHelp, programHelp } from '../core/command-help.ts';
import { toUpdateError } from '../core/errors.ts';
import { printable, printableJson } from '../core/printable.ts';
import { formatBytes } from '../core/quantities.ts';
import type { Command } from './arguments.ts';
import { parseCommand } from './arguments.ts';
import type { BranchCommand } from './branch-arguments.ts';
import { describeBranches, describeChange, describePromoted, describeWithdrawn } from './branch-text.ts';
import type { BranchesChanged } from './branch.ts';
import { addBranch, editBranches, listBranches, removeBranches } from './branch.ts';
import { builderHint } from './builder-hint.ts';
import type { BuiltRelease } from './build.ts';
import { buildRelease } from './build.ts';
import { initSite } from './init.ts';
import { RELEASE } from './commands.ts';
import type { Surroundings } from './options.ts';
import { promoteRelease } from './promote.ts';
import type { PublishReport } from './publish.ts';
import { publishSite } from './publish.ts';
import { takeOver } from './take-over.ts';
import type { SiteReport } from './verify.ts';
import { verifySite } from './verify.ts';
import { withdrawRelease } from './withdraw.ts';

export interface CliDeps extends Surroundings {
  /** Of this program. */
  version: string;
  out: (text: string) => void;
  err: (text: string) => void;
  signal: AbortSignal;
}

/** Never throws: whatever happens is printed, and said in the exit code. */
export async function runPikitRelease(args: readonly string[], deps: CliDeps): Promise<number> {
  try {
    return await runCommand(parseCommand(args, deps), deps);
  } catch (thrown) {
    const error = toUpdateError(thrown);
    const hint = builderHint(error);
    deps.err(`error: ${printable(error.message)}\n`);
    if (hint !== null) deps.err(`hint: ${printable(hint)}\n`);
    if (args.includes('--json')) deps.out(json({ error: { code: error.code, message: error.message, hint } }));
    return error.code === 'USAGE' ? 2 : 1;
  }
}

async function runCommand(command: Command, deps: CliDeps): Promise<number> {
  switch (command.name) {
    case 'help':
      deps.out(command.of === null ? programHelp(RELEASE, command.group) : commandHelp(RELEASE, command.of, RELEASE.commands[command.of]));
      return 0;
    case 'version':
      deps.out(`pikit-release ${deps.version}\n`);
      return 0;
    case 'init':
      return await runInit(command, deps);
    case 'build': {
      const built = await buildRelease({ ...command.options, signal: deps.signal });
      deps.out(command.json ? json(built) : describeBuilt(built));
      if (!command.json) printNotices(built.notices, deps);
      return 0;
    }
    case 'branch':
      runBranch(command.site, command.command, (value, text) => {
        deps.out(command.json ? json(value) : text);
      });
      return 0;
    case 'promote': {
      const promoted = await promoteRelease({ ...command.options, signal: deps.signal });
      deps.out(command.json ? json(promoted) : describePromoted(promoted));
      if (!command.json) printNotices(promoted.notices, deps);
      return 0;
    }
    case 'withdraw': {
      const report = await withdrawRelease({ ...command.options, signal: deps.signal });
      deps.out(command.json ? json(report) : describeWithdrawn(report));
      if (!command.json) printNotices(report.notices, deps);
      return 0;
    }
    case 'publish': {
      const onDone = (what: string): void => {
        if (!command.json) deps.out(`${what}\n`);
      };
      const report = await publishSite({ ...command.options, signal: deps.signal, onDone });
      deps.out(command.json ? json(report) : describePublished(report));
      if (!command.json) printNotices(report.notices, deps);
      return 0;
    }
    case 'verify': {
      const report = await verifySite(command.site, deps.signal);
      deps.out(command.json ? json({ ok: report.problems.length === 0, ...report }) : describeReport(command.site, report));
      if (!command.json) printNotices(report.notices, deps);
      if (report.problems.length === 0) return 0;
      deps.err(`error: ${count(report.problems.length, 'problem')} in the site '${command.site}'\n`);
      return 1;
    }
    default:
      return command satisfies never;
  }
}

async function runInit(command: Extract<Command, { name: 'init' }>, deps: CliDeps): Promise<number> {
  const { out, signal } = deps;
  const { site, unsigned, from } = command;
  if (from === null) {
    initSite(site, { unsigned });
    out(command.json ? json({ site, signed: false }) : `created the unsigned site '${site}'\n`);
    return 0;
  }
  const taken = await takeOver({ site, ...from, signal });
  const lines = taken.branches.map(
    ({ branch, version, sequence }) => `  ${branch}  ${version}${sequence === null ? '' : `  sequence ${String(sequence)}`}\n`,
  );
  out(command.json ? json(taken) : `created the unsigned site '${site}' from what is published at '${taken.from}'\n${lines.join('')}`);
  if (!command.json) printNotices(taken.notices, deps);
  return 0;
}

function runBranch(site: string, command: BranchCommand, say: (value: object, text: string) => void): void {
  if (command.verb === 'list') {
    const branches = listBranches(site);
    say({ branches }, describeBranches(branches));
    return;
  }
  const result = changeBranches(site, command);
  say({ verb: command.verb, ...result }, describeChange(command, result));
}

function changeBranches(site: string, command: Exclude<BranchCommand, { verb: 'list' }>): BranchesChanged {
  switch (command.verb) {
    case 'add':
      return addBranch(site, command.name, command.fields);
    case 'edit':
      return editBranches(site, [command.name], command.fields);
    case 'remove':
      return removeBranches(site, command.names);
    case 'enable':
    case 'disable':
    case 'hide':
    case 'show':
      return editBranches(site, command.names, command.fields);
    default:
      return command satisfies never;
  }
}

function describeBuilt({ version, branch, sequence, bundle, files, reused, already }: BuiltRelease): string {
  const size = `${formatBytes(bundle.size)}, ${count(files, 'file')}${reused ? ', already there' : ''}`;
  const what = already ? `${version} is there already, on the branch '${branch}'` : `published ${version} on the branch '${branch}'`;
  return `${what} (sequence ${String(sequence)})\n  bundles/${bundle.name}  ${size}\n  sha256 ${bundle.sha256}\n`;
}

function describePublished({ to, branches, done }: PublishReport): string {
  const what = branches.map(({ branch, version }) => `${branch} ${version}`).join(', ');
  return `'${to}' ${done.length === 0 ? 'has all of it already' : 'is up to date'}: ${what}\n`;
}

function describeReport(site: string, report: SiteReport): string {
  if (report.problems.length > 0) return report.problems.map((problem) => `${printable(problem)}\n`).join('');
  const lines = report.branches.map(
    ({ branch, version, sequence, files, sizeBytes }) =>
      `  ${branch}  ${version}  ${sequence === null ? '' : `sequence ${String(sequence)}, `}${count(files, 'file')}, ${formatBytes(sizeBytes)}\n`,
  );
  return `the site '${site}' is in order: ${count(report.branches.length, 'branch', 'branches')} with a release, ${count(report.bundles, 'bundle')}\n${lines.join('')}`;
}

function printNotices(notices: readonly string[], deps: CliDeps): void {
  for (const notice of notices) deps.err(`notice: ${printable(notice)}\n`);
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${String(number)} ${number === 1 ? one : many}`;
}

/** Members of JSON are written as in every document of ours. */
function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), snakeCased(inner)]),
  );
}

function json(value: unknown): string {
  return `${printableJson(snakeCased(value), 2)}\n`;
}
