/** Shape checks for our own sealed files, without a schema library: recovery has to work from node: builtins alone. */
import { toErrorCode } from '../core/errors.ts';
import type { Backup, Failure, Installed, InstalledFile, Journal, NewObject, OldObject, Operation, OwnedFile } from './types.ts';

type Shape = Record<string, (value: unknown) => boolean>;

function has(value: unknown, shape: Shape): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const members = new Map<string, unknown>(Object.entries(value));
  return Object.entries(shape).every(([key, check]) => check(members.get(key)));
}

const isString = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isSha = (value: unknown): boolean => isString(value) && /^[0-9a-f]{64}$/.test(value);
const isAbsent = (value: unknown): boolean => value === undefined;
const isNull = (value: unknown): boolean => value === null;
const or =
  (...checks: ((value: unknown) => boolean)[]) =>
  (value: unknown): boolean =>
    checks.some((check) => check(value));
const listOf =
  (check: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(check);
const is =
  (...allowed: unknown[]) =>
  (value: unknown): boolean =>
    allowed.includes(value);

/** Controls, halves of characters and what reorders a line: in no name that this updater has ever written. */
const NOT_IN_A_NAME = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
/** As Linux has it, with the terminating zero. */
const PATH_MAX_BYTES = 4095;

/**
 * An absolute path without detours: what stands in these files is joined to the root and then removed or replaced. What a
 * release or a [[target]] may be called is decided where they are read (core/release-path), and more strictly by the day; a
 * journal of before has to be understood all the same.
 */
export function isDevicePath(value: unknown): value is string {
  if (!isString(value) || !value.startsWith('/') || NOT_IN_A_NAME.test(value) || Buffer.byteLength(value) > PATH_MAX_BYTES) return false;
  return value
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..');
}

const optional = (check: (value: unknown) => boolean): ((value: unknown) => boolean) => or((value) => value === undefined, check);
const isShadow = (value: unknown): boolean => has(value, { path: isDevicePath, command: isString });
const isKey = (value: unknown): boolean => has(value, { fingerprint: isString, name: or(isNull, isString) });
const isTime = (value: unknown): boolean => isString(value) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value);

const FACTS: Shape = { path: isDevicePath, sha256: isSha, size: isCount, mode: isCount, uid: isCount, gid: isCount };
const isOwnedFile = (value: unknown): value is OwnedFile => has(value, FACTS);
const isOld = (value: unknown): value is OldObject =>
  has(value, { type: is('file'), file: isOwnedFile }) || has(value, { type: is('dir'), files: listOf(isOwnedFile) });
const isNew = (value: unknown): value is NewObject =>
  has(value, { type: is('file'), file: isOwnedFile }) || has(value, { type: is('dir'), dirs: listOf(isDevicePath), files: listOf(isOwnedFile) });
const isOperation = (value: unknown): value is Operation =>
  has(value, { n: isCount, path: isDevicePath, old: or(isNull, isOld), new: or(isNull, isNew) });
const isFailure = (value: unknown): value is Failure =>
  has(value, {
    code: (code) => isString(code) && toErrorCode(code) === code,
    message: isString,
    hint: or(isNull, isString),
    subject: or(isNull, isString),
    lines: listOf(isString),
  });
const isInstalledFile = (value: unknown): value is InstalledFile =>
  has(value, { path: isDevicePath, sha256: isSha, size: isCount, mode: (mode) => isString(mode) && /^0[0-7]{3}$/.test(mode) });

export function isInstalled(value: unknown): value is Installed {
  return has(value, {
    schema: is(1),
    version: or(isNull, isString),
    branch: isString,
    files: listOf(isInstalledFile),
    dirs: listOf(isDevicePath),
  });
}

export function isBackup(value: unknown): value is Backup {
  return has(value, {
    schema: is(1),
    tx: isTx,
    from: or(isNull, isString),
    to: or(isNull, isString),
    created: isString,
    files: listOf(isOwnedFile),
    absent: listOf(isDevicePath),
    before: or(isNull, isInstalled),
    after: isInstalled,
  });
}

/** Transaction ids become parts of file names. */
function isTx(value: unknown): boolean {
  return isString(value) && /^[0-9a-f]{8}$/.test(value);
}

export function isJournal(value: unknown): value is Journal {
  return has(value, {
    v: is(1),
    tx: isTx,
    kind: is('apply', 'rollback'),
    phase: is('preparing', 'applying', 'committed'),
    from: or(isNull, isString),
    to: or(isNull, isString),
    branch: isString,
    started: isString,
    undos: isCount,
    backup: isDevicePath,
    ops: listOf(isOperation),
    mkdirs: listOf(isDevicePath),
    rmdirs: listOf(isDevicePath),
    drift: listOf(isString),
    foreign: or(isAbsent, listOf(isString)),
    left: or(isAbsent, listOf(isString)),
    kept: listOf(isString),
    failure: or(isNull, isFailure),
    shadows: optional(listOf(isShadow)),
    unrestarted: optional(listOf(isString)),
    commands: optional(listOf((value) => has(value, { command: isString, lines: listOf(isString) }))),
    signed: optional((value) => has(value, { role: isString, keys: listOf(isKey), until: isTime })),
  });
}
