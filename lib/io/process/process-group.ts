/** What commands of others are given, and how they are ended: with all they started. */
import type { ChildProcess } from 'node:child_process';
import { errnoOf } from '../../core/errors.ts';

/** Ends a command with all it started: what a release runs would otherwise go on while we undo the release. */
export function endGroup(child: ChildProcess | undefined): void {
  try {
    if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
  // What has left the group may hold these for ever.
  child?.stdout?.destroy();
  child?.stderr?.destroy();
}

/** Without what makes bash run something else first: BASH_ENV is sourced, exported functions shadow commands. */
export function plainEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(?:BASH|SHELLOPTS$|ENV$|PS4$)/.test(name)));
}
