/** A service's unit file as the local runner understands it: what starts it, what it runs, what it starts in turn. */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import type { Setting, UnitId } from '../../core/device/unit-file.ts';
import {
  dropInFolders,
  expandSpecifiers,
  parseTimeSpanMs,
  parseUnitFile,
  parseUnitName,
  splitWords,
  unitFileNames,
  valuesOf,
} from '../../core/device/unit-file.ts';

export interface Condition {
  /** As it is written, to explain why a unit was skipped. */
  text: string;
  path: string;
  negated: boolean;
  /** With `|`: one of those that have it is enough. */
  triggering: boolean;
}

export interface UnitCommand {
  program: string;
  args: string[];
  /** With `-`: its failure counts for nothing. */
  mayFail: boolean;
}

export interface LocalUnit {
  name: string;
  requires: string[];
  wants: string[];
  after: string[];
  before: string[];
  conditions: Condition[];
  onSuccess: string[];
  onFailure: string[];
  commands: UnitCommand[];
  environment: ReadonlyMap<string, string>;
  unsetEnvironment: string[];
  /** Exit codes and signal names that count as success, beside 0. */
  successStatus: ReadonlySet<string>;
  startTimeoutMs: number | null;
  stopTimeoutMs: number | null;
}

/** The one variable that a command may have: the id of this start. */
export const INVOCATION_WORD = '${INVOCATION_ID}';

/** They would change what runs or in which order, and are not played here: better no run than one that shows something else. */
const REFUSED = [
  'BindsTo', 'PartOf', 'Requisite', 'Upholds', 'PropagatesStopTo', 'Conflicts',
  'ExecCondition', 'ExecStartPre', 'ExecStartPost', 'ExecStop', 'ExecStopPost', 'EnvironmentFile', 'RestartForceExitStatus',
]; // prettier-ignore
const DEFAULT_STOP_TIMEOUT_MS = 90_000;

/** Reads a service from `unitsDir`. Throws CONFIG_INVALID when it is not there, or needs what is not played here. */
export function loadUnit(unitsDir: string, name: string): LocalUnit {
  const id = parseUnitName(name);
  const settings = readSettings(unitsDir, id);
  const all = (section: string, key: string): string[] => valuesOf(settings, section, key);
  const names = (key: string): string[] => all('Unit', key).flatMap((value) => wordsOf(value, id));
  const last = (key: string): string | undefined => all('Service', key).at(-1);
  assertPlayable(name, settings, last('Type'), last('RemainAfterExit'));
  return {
    name,
    requires: names('Requires'),
    wants: names('Wants'),
    after: names('After'),
    before: names('Before'),
    conditions: all('Unit', 'ConditionPathExists').map((value) => parseCondition(expandSpecifiers(value, id))),
    onSuccess: names('OnSuccess'),
    onFailure: names('OnFailure'),
    commands: all('Service', 'ExecStart').map((value) => parseCommand(value, id)),
    environment: new Map(all('Service', 'Environment').flatMap((value) => wordsOf(value, id).map(parseAssignment))),
    unsetEnvironment: all('Service', 'UnsetEnvironment').flatMap((value) => splitWords(value)),
    successStatus: new Set(all('Service', 'SuccessExitStatus').flatMap((value) => splitWords(value))),
    // A oneshot has no limit by default (systemd.service(5)).
    startTimeoutMs: parseTimeSpanMs(last('TimeoutStartSec') ?? 'infinity'),
    stopTimeoutMs: parseTimeSpanMs(last('TimeoutStopSec') ?? `${String(DEFAULT_STOP_TIMEOUT_MS)}ms`),
  };
}

/** The unit that a timer starts: its `Unit=`, or the service of its own name. */
export function unitOfTimer(unitsDir: string, timer: string): string {
  const id = parseUnitName(timer);
  return valuesOf(readSettings(unitsDir, id), 'Timer', 'Unit').at(-1) ?? `${id.prefix}.service`;
}

/** Whether the folder has the file of a unit, or of its template. */
export function hasUnit(unitsDir: string, name: string): boolean {
  return unitFileNames(parseUnitName(name)).some((file) => fs.existsSync(join(unitsDir, file)));
}

/** The unit's own file, and its drop-ins after it, by their file names. */
function readSettings(unitsDir: string, id: UnitId): Setting[] {
  for (const file of unitFileNames(id)) {
    const settings = readSettingsFile(join(unitsDir, file));
    if (settings !== null) return [...settings, ...dropIns(unitsDir, id).flatMap((path) => readSettingsFile(path) ?? [])];
  }
  throw new UpdateError('CONFIG_INVALID', `the unit '${id.name}' is not in '${unitsDir}'`);
}

function readSettingsFile(path: string): Setting[] | null {
  try {
    return parseUnitFile(fs.readFileSync(path, 'utf8'), `'${path}'`);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function dropIns(unitsDir: string, id: UnitId): string[] {
  const found = dropInFolders(id).flatMap((folder) => {
    const dir = join(unitsDir, folder);
    return fs.existsSync(dir) ? fs.readdirSync(dir).map((name) => ({ name, path: join(dir, name) })) : [];
  });
  return found
    .filter(({ name }) => name.endsWith('.conf'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ path }) => path);
}

function assertPlayable(name: string, settings: readonly Setting[], type: string | undefined, remain: string | undefined): void {
  const refuse = (what: string): never => {
    throw new UpdateError('CONFIG_INVALID', `'${name}' has ${what}, which the local runner does not support`);
  };
  if (type !== 'oneshot') refuse(`Type=${type ?? 'simple'}`);
  if (remain !== undefined && !['no', 'false', '0', 'off'].includes(remain)) refuse(`RemainAfterExit=${remain}`);
  for (const { key, value } of settings) {
    // What asks for the drop-in with the sandbox: a folder has none, in either sense.
    const isSandbox = key === 'AssertPathExists' && value.endsWith('.service.d/10-sandbox.conf');
    const otherTest = /^(?:Condition|Assert)/.test(key) && key !== 'ConditionPathExists' && !isSandbox;
    if (value !== '' && (otherTest || REFUSED.includes(key))) refuse(`${key}=`);
  }
}

/** Words first, then specifiers, so that an instance with blanks stays one word. */
function wordsOf(value: string, id: UnitId): string[] {
  return splitWords(value).map((word) => expandSpecifiers(word, id));
}

/** systemd.unit(5): `|` before `!`. */
function parseCondition(text: string): Condition {
  const match = /^(\|?)\s*(!?)\s*(\/.*)$/.exec(text);
  if (match?.[3] === undefined) throw new UpdateError('CONFIG_INVALID', `ConditionPathExists=${text} does not name an absolute path`);
  return { text: `ConditionPathExists=${text}`, path: match[3], negated: match[2] === '!', triggering: match[1] === '|' };
}

function parseAssignment(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UpdateError('CONFIG_INVALID', `Environment= has '${text}', which is not NAME=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** `$` and `;` are systemd's own in a command; the id of the start is the one variable that is played. */
function parseCommand(value: string, id: UnitId): UnitCommand {
  const [first = '', ...rest] = wordsOf(value, id);
  const [, prefix = '', program = ''] = /^([-+!:@]*)(.*)$/.exec(first) ?? [];
  if (!program.startsWith('/') || prefix.includes('@'))
    throw new UpdateError('CONFIG_INVALID', `ExecStart=${value} of '${id.name}' does not start with a path`);
  if (rest.some((word) => word === ';' || (word.includes('$') && word !== INVOCATION_WORD))) {
    throw new UpdateError(
      'CONFIG_INVALID',
      `ExecStart=${value} of '${id.name}' has a variable or several commands, which the local runner does not support`,
    );
  }
  return { program, args: rest, mayFail: prefix.includes('-') };
}
