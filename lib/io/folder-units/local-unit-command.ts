/** What a unit runs on a device, as it is run in a folder: our own programs from a build, paths below that folder. */
import fs from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { UpdateError } from '../../core/errors.ts';
import type { Condition, LocalUnit, UnitCommand } from './local-unit-settings.ts';
import { INVOCATION_WORD } from './local-unit-settings.ts';

export interface Folders {
  /** Stands for `/`. */
  root: string;
  /** Stands for `/usr/lib/pikit-update`. */
  distDir: string;
}

const LIBRARY = '/usr/lib/pikit-update/';
/** It only hands over a socket of systemd's, which is not there. */
const NOTIFY_EXEC = `${LIBRARY}notify-exec`;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The words to start. Throws CONFIG_INVALID for a program other than these: it would work on the real `/`. */
export function localCommand(command: UnitCommand, folders: Folders, invocation: string): [string, ...string[]] {
  const words = [command.program, ...command.args];
  const [program = '', ...args] = words[0] === NOTIFY_EXEC ? words.slice(1) : words;
  switch (program) {
    case '/usr/bin/node':
      return [process.execPath, ...args.map((word) => (word.startsWith(LIBRARY) ? join(folders.distDir, word.slice(LIBRARY.length)) : word))];
    case '/usr/bin/ln':
    case '/usr/bin/mv':
      return [
        program,
        ...args.map((word) => (/^\/(?:run|var|etc)\//.test(word) ? join(folders.root, word) : word === INVOCATION_WORD ? invocation : word)),
      ];
    default:
      throw new UpdateError('CONFIG_INVALID', `a unit runs '${program}', which the local runner does not know`, { hint: 'it runs node, ln and mv' });
  }
}

/** The condition that keeps a unit from running, or null. All plain ones must hold, and one of those with `|`. */
export function unmetCondition(conditions: readonly Condition[], root: string): Condition | null {
  const holds = (condition: Condition): boolean => fs.existsSync(join(root, condition.path)) !== condition.negated;
  const unmet = conditions.find((condition) => !condition.triggering && !holds(condition));
  if (unmet !== undefined) return unmet;
  const triggering = conditions.filter((condition) => condition.triggering);
  return triggering.some(holds) ? null : (triggering[0] ?? null);
}

/** What faketime(1) gives to a program that it runs. */
const CLOCK = /^(?:NO_FAKE_STAT|FAKETIME.*)$/;

/** The clock of this process where faketime(1) made one, or nothing: a step with another clock would judge every time of ours wrongly. */
function ownClock(env: NodeJS.ProcessEnv): [string, string][] {
  const { LD_PRELOAD: preload } = env;
  if (preload?.includes('libfaketime') !== true) return [];
  return Object.entries({ ...env, LD_PRELOAD: preload }).flatMap(([name, value = '']) =>
    name === 'LD_PRELOAD' || CLOCK.test(name) ? [[name, value]] : [],
  );
}

/** Nothing is inherited but a clock. Order as in systemd.exec(5): what the unit sets wins, what it unsets is gone, no matter where it was set. */
export function localEnvironment(unit: LocalUnit, root: string, extra: Readonly<Record<string, string>>): Record<string, string> {
  const env = new Map(Object.entries({ PATH, INVOCATION_ID: randomUUID().replaceAll('-', ''), ...extra }));
  for (const [name, value] of unit.environment) env.set(name, value);
  env.set('PIKIT_ROOT', root);
  for (const word of unit.unsetEnvironment) {
    const at = word.indexOf('=');
    const name = at < 0 ? word : word.slice(0, at);
    if (at < 0 || env.get(name) === word.slice(at + 1)) env.delete(name);
  }
  return Object.fromEntries([...env, ...ownClock(process.env)]);
}
