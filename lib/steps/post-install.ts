/** What a release asks to be done once its files are in place. Allowed at all only by incompatibility() in core/decide. */
import type { Config } from '../core/config.ts';
import { UpdateError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import { devicePathOf } from '../core/targets.ts';
import { real } from '../transaction/place.ts';
import type { CommandResult } from '../io/exec.ts';
import type { DeviceDeps } from './deps.ts';

/**
 * Runs the `run` actions in order, each a file of this very release, with a time limit, and returns the units to restart.
 * Throws POST_INSTALL_FAILED with what the command wrote.
 */
export async function runPostInstall(deps: DeviceDeps, config: Config, manifest: Manifest): Promise<string[]> {
  const restart: string[] = [];
  for (const action of manifest.post_install) {
    if (action.kind === 'restart') restart.push(action.unit);
    if (action.kind !== 'run') continue;
    const file = real(deps.place, devicePathOf(action.file, config.target));
    deps.report({ phase: 'post-install' });
    const result = await execute(deps, config, action.file, [file, ...action.args]);
    if (result.exitCode !== 0) {
      throw new UpdateError('POST_INSTALL_FAILED', `'${action.file}' of the release ended with exit code ${String(result.exitCode)}`, {
        subject: action.file,
        lines: `${result.stdout}\n${result.stderr}`
          .split('\n')
          .filter((line) => line !== '')
          .slice(-20),
        hint: 'tell whoever publishes the releases',
      });
    }
    deps.narrate.info(`ran '${action.file}' of the release`);
  }
  return restart;
}

/** A command that does not end speaks against the release; one that was ended with this step does not. */
async function execute(deps: DeviceDeps, config: Config, name: string, command: readonly string[]): Promise<CommandResult> {
  const { timeout } = config.post_install;
  const stopped = (cause?: unknown): UpdateError =>
    new UpdateError('CANCELLED', `the update was stopped while '${name}' of the release was running`, {
      hint: 'start it again whenever you like',
      cause,
    });
  let result: CommandResult;
  try {
    result = await deps.execute(command, { timeoutMs: timeout, signal: deps.signal });
  } catch (error) {
    if (deps.signal.aborted) throw stopped(error);
    if (!(error instanceof UpdateError) || (error.code !== 'STEP_FAILED' && error.code !== 'DEADLINE')) throw error;
    const isLate = error.code === 'DEADLINE';
    const what = isLate ? `was still running after ${String(timeout / 1000)} s` : 'cannot be run';
    throw new UpdateError('POST_INSTALL_FAILED', `'${name}' of the release ${what}`, {
      subject: name,
      hint: `tell whoever publishes the releases${isLate ? '; post_install.timeout sets the limit' : ''}`,
      cause: error,
    });
  }
  if (deps.signal.aborted) throw stopped();
  return result;
}
