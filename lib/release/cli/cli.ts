/** Runs one pikit-release command: results on stdout, notices and errors on stderr, exit code 0, 1 or 2. */
import { helpText } from '../../core/command-line/command-help.ts';
import { errorJson, toUpdateError } from '../../core/errors.ts';
import { printable } from '../../core/printable.ts';
import { counted, formatBytes } from '../../core/quantities.ts';
import type { ReleaseCommand } from './arguments.ts';
import { parseReleaseCommand } from './arguments.ts';
import { describePromoted, describeWithdrawn } from './branch-text.ts';
import { builderHint } from './builder-hint.ts';
import type { BuiltRelease } from '../builder/build.ts';
import { buildRelease } from '../builder/build.ts';
import { RELEASE } from './commands.ts';
import type { KeySurroundings } from '../key-cli/key-surroundings.ts';
import { signingSurroundings } from '../key-cli/key-surroundings.ts';
import { releaseJson as json } from './release-json.ts';
import { runBranch } from './run-branch.ts';
import type { CommandDone } from './run-init.ts';
import { runInit } from './run-init.ts';
import { runTrust } from '../key-cli/run-trust.ts';
import type { KeyOptions } from '../keys/open-signing.ts';
import { openSigning } from '../keys/open-signing.ts';
import type { Signing } from '../trust/sign-role.ts';
import { promoteRelease } from '../builder/promote.ts';
import type { PublishReport } from '../publish/publish-site.ts';
import { publishSite } from '../publish/publish-site.ts';
import type { SiteReport } from '../verify/verify.ts';
import { verifySite } from '../verify/verify.ts';
import { withdrawRelease } from '../site/withdraw.ts';

export interface ReleaseCliDeps extends KeySurroundings {
  /** Of this program. */
  version: string;
  out: (text: string) => void;
  err: (text: string) => void;
  signal: AbortSignal;
}

/** Never throws: whatever happens is printed, and said in the exit code. */
export async function runPikitRelease(args: readonly string[], deps: ReleaseCliDeps): Promise<number> {
  try {
    return await runCommand(parseReleaseCommand(args, deps), deps);
  } catch (thrown) {
    const error = toUpdateError(thrown);
    const hint = builderHint(error);
    deps.err(`error: ${printable(error.message)}\n`);
    if (hint !== null) deps.err(`hint: ${printable(hint)}\n`);
    if (args.includes('--json')) deps.out(json({ error: { ...errorJson(error), hint } }));
    return error.code === 'USAGE' ? 2 : 1;
  }
}

async function runCommand(command: ReleaseCommand, deps: ReleaseCliDeps): Promise<number> {
  switch (command.name) {
    case 'help':
      deps.out(helpText(RELEASE, command));
      return 0;
    case 'version':
      deps.out(`${RELEASE.name} ${deps.version}\n`);
      return 0;
    case 'init': {
      tell(await runInit(command, deps), command, deps);
      return 0;
    }
    case 'build': {
      const built = await buildRelease({ ...command.options, signing: signingOf(command.options.site, command, deps), signal: deps.signal });
      deps.out(command.json ? json(built) : describeBuilt(built));
      if (!command.json) printNotices(built.notices, deps);
      return 0;
    }
    case 'branch':
      tell(runBranch(command, deps), command, deps);
      return 0;
    case 'refresh':
    case 'sign':
    case 'prune':
    case 'key list':
    case 'key add':
    case 'key rotate':
    case 'key revoke':
    case 'key sign':
      tell(runTrust(command, deps), command, deps);
      return 0;
    case 'promote': {
      const promoted = await promoteRelease({ ...command.options, signing: signingOf(command.options.site, command, deps), signal: deps.signal });
      deps.out(command.json ? json(promoted) : describePromoted(promoted));
      if (!command.json) printNotices(promoted.notices, deps);
      return 0;
    }
    case 'withdraw': {
      const report = await withdrawRelease({ ...command.options, signing: signingOf(command.options.site, command, deps), signal: deps.signal });
      deps.out(command.json ? json(report) : describeWithdrawn(report));
      if (!command.json) printNotices(report.notices, deps);
      return 0;
    }
    case 'publish': {
      const onDone = (what: string): void => {
        if (!command.json) deps.out(`${what}\n`);
      };
      const report = await publishSite({ ...command.options, at: deps.now, signal: deps.signal, onDone });
      deps.out(command.json ? json(report) : describePublished(report));
      if (!command.json) printNotices(report.notices, deps);
      return 0;
    }
    case 'verify': {
      const report = await verifySite(command.site, deps.signal, { at: deps.now, asDevice: command.asDevice });
      deps.out(command.json ? json({ ok: report.problems.length === 0, ...report }) : describeReport(command.site, report));
      if (!command.json) printNotices(report.notices, deps);
      if (report.problems.length === 0) return 0;
      deps.err(`error: ${counted(report.problems.length, 'problem')} in the site '${command.site}'\n`);
      return 1;
    }
    default:
      return command satisfies never;
  }
}

/** What was done: as JSON, or as text with its notices. */
function tell({ value, text, notices }: CommandDone, { json: isJson }: { json: boolean }, deps: ReleaseCliDeps): void {
  deps.out(isJson ? json(value) : text);
  if (!isJson) printNotices(notices, deps);
}

function signingOf(site: string, { keys }: { keys: KeyOptions }, deps: ReleaseCliDeps): Signing | null {
  return openSigning(site, keys, signingSurroundings(deps));
}

function describeBuilt({ version, branch, sequence, bundle, files, reused, already }: BuiltRelease): string {
  const size = `${formatBytes(bundle.size)}, ${counted(files, 'file')}${reused ? ', already there' : ''}`;
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
      `  ${branch}  ${version}  ${sequence === null ? '' : `sequence ${String(sequence)}, `}${counted(files, 'file')}, ${formatBytes(sizeBytes)}\n`,
  );
  return `the ${report.signed ? 'signed ' : ''}site '${site}' is in order: ${counted(report.branches.length, 'branch', 'branches')} with a release, ${counted(report.bundles, 'bundle')}\n${lines.join('')}${describeDevice(report)}`;
}

function describeDevice({ device }: SiteReport): string {
  if (device === undefined) return '';
  const { given, newest } = device;
  const way = newest === null || newest === given ? '' : `, and comes to root ${String(newest)}`;
  return `a device that trusts root ${String(given)} takes it${way}\n`;
}

function printNotices(notices: readonly string[], deps: ReleaseCliDeps): void {
  for (const notice of notices) deps.err(`notice: ${printable(notice)}\n`);
}
