/** Programs that a change replaces while what runs them goes on with the old ones. Pure. */
import { posix } from 'node:path';
import type { Target } from '../release/targets.ts';

/** A unit file and what it starts. */
export interface UnitProgram {
  unit: string;
  /** All of its ExecStart= lines. */
  command: string;
}

export interface Restarts {
  /** Units that will be restarted: those on the list that are there, and meant to run. */
  restarted: readonly string[];
  /** Units of this device that start one of the programs. */
  programs: readonly UnitProgram[];
  /** Whether a unit is meant to run. */
  isMeant: (unit: string) => boolean;
}

/**
 * Those of some replaced programs that nothing restarts: a unit that is not restarted runs it, or it has a [[target]] of its own
 * (a service, such as the API script) and no unit that is restarted runs it. A helper that no unit starts is read anew each time.
 */
export function unrestarted(replaced: readonly string[], targets: readonly Target[], { restarted, programs, isMeant }: Restarts): string[] {
  return replaced.filter((path) => {
    const runners = programs.filter(({ command }) => startsProgram(command, path)).map(({ unit }) => unit);
    const isCovered = restarted.some((unit) => stemOf(unit) === stemOf(path) || runners.some((runner) => isInstanceOf(unit, runner)));
    if (isCovered) return false;
    return targets.some(({ to }) => to === path) || runners.some(isMeant);
  });
}

/** By its path, or by its name in a working directory. */
function startsProgram(command: string, path: string): boolean {
  return command.split(/[\s"'=;]+/).some((word) => word === path || word === posix.basename(path) || word === `./${posix.basename(path)}`);
}

function stemOf(name: string): string {
  return posix.basename(name).replace(/(?:@[^.]*)?\.[^.]*$/, '');
}

function isInstanceOf(unit: string, runner: string): boolean {
  return unit === runner || (runner.includes('@.') && unit.replace(/@[^.]+\./, '@.') === runner);
}
