/** Runs one pikit-update command: results on standard output, errors on standard error, and the exit code. */
import { helpText } from '../core/command-line/command-help.ts';
import { errorJson, toUpdateError } from '../core/errors.ts';
import { applyCommand } from './apply.ts';
import type { Command } from './arguments.ts';
import { parseCommand } from './arguments.ts';
import { autoCommand } from './auto.ts';
import { branchCommand } from './branch.ts';
import { cancelCommand } from './cancel.ts';
import { checkCommand } from './check.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { historyCommand } from './history.ts';
import { logsCommand } from './logs.ts';
import { planCommand } from './plan.ts';
import { rollbackCommand } from './rollback.ts';
import { harmless, sayError, toJson } from './say.ts';
import { statusCommand } from './status.ts';
import { UPDATE } from './usage.ts';

/** Never throws: whatever happens is printed, and said in the exit code. */
export async function runPikitUpdate(args: readonly string[], given: CliDeps): Promise<number> {
  const deps = { ...given, terminal: harmless(given.terminal) };
  try {
    const command = parseCommand(args);
    const done = await runCommand(command, deps);
    if ('json' in command && command.json) deps.terminal.out(toJson(done.json));
    return done.exit;
  } catch (thrown) {
    const error = toUpdateError(thrown);
    sayError(deps.terminal, error);
    if (args.includes('--json')) deps.terminal.out(toJson({ error: errorJson(error) }));
    return exitCodeOf(error.code);
  }
}

async function runCommand(command: Command, deps: CliDeps): Promise<Done> {
  switch (command.name) {
    case 'help':
      deps.terminal.out(helpText(UPDATE, command));
      return { exit: EXIT.ok, json: null };
    case 'version':
      deps.terminal.out(`${UPDATE.name} ${deps.version}\n`);
      return { exit: EXIT.ok, json: null };
    case 'status':
      return await statusCommand(deps, command);
    case 'check':
      return await checkCommand(deps, command);
    case 'apply':
      return await applyCommand(deps, command);
    case 'rollback':
      return await rollbackCommand(deps, command);
    case 'cancel':
      return await cancelCommand(deps, command);
    case 'branch':
      return await branchCommand(deps, command);
    case 'auto':
      return await autoCommand(deps, command);
    case 'trust':
      // What verifies signatures is as large as all the rest, and needed here alone.
      return await (await import('./trust.ts')).trustCommand(deps, command);
    case 'history':
      return historyCommand(deps, command);
    case 'logs':
      return await logsCommand(deps, command);
    case 'plan':
      return await planCommand(deps, command);
    default:
      return command satisfies never;
  }
}
