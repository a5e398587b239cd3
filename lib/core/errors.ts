/**
 * Every failure a person can meet, by code.
 * Callers switch on `code`; `message` names the thing and both values; `hint` says what the owner of the device can do now.
 */
import { shellWord } from './command-line/shell-word.ts';
import { ERROR_CODES } from './error-codes.ts';
import { spaceHint } from './device/space-hint.ts';

export type ErrorCode = keyof typeof ERROR_CODES;

/** Narrows a string from a file or another process to a code we know; anything else is INTERNAL. */
export function toErrorCode(value: string): ErrorCode {
  return isErrorCode(value) ? value : 'INTERNAL';
}

function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(ERROR_CODES, value);
}

interface SeenFile {
  path: string;
  sha256: string;
  copy: string | null;
}

export interface ErrorDetails {
  /** Files that no release brought, for the receipt. */
  foreign?: readonly SeenFile[];
  hint?: string;
  cause?: unknown;
  /** The unit or probe that failed, for the receipt. */
  subject?: string;
  /** Its last journal lines, oldest first. */
  lines?: string[];
  /** How long the server asked to be left alone (Retry-After). */
  retryAfterMs?: number | null;
}

export class UpdateError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | null;
  readonly subject: string | null;
  readonly lines: string[];
  readonly retryAfterMs: number | null;
  readonly foreign: readonly SeenFile[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'UpdateError';
    this.code = code;
    this.hint = details.hint ?? null;
    this.subject = details.subject ?? null;
    this.lines = details.lines ?? [];
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.foreign = details.foreign ?? [];
  }
}

/** Builds the message of a failed comparison, so that expected and actual are never swapped. */
export function mismatch(thing: string, expected: string | number, actual: string | number): string {
  return `${thing} mismatch: expected ${String(expected)}, got ${String(actual)}`;
}

/** The POSIX code (`ENOSPC`, `EIO` …) of a system error, or null. */
export function errnoOf(error: unknown): string | null {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return null;
}

const ERRNO: Readonly<Record<string, { code: ErrorCode; what: string; hint: string }>> = {
  ENOSPC: { code: 'NO_SPACE', what: 'no space left', hint: spaceHint(null) },
  EDQUOT: { code: 'NO_SPACE', what: 'disk quota exceeded', hint: 'raise the quota or free some space, then try again' },
  EROFS: {
    code: 'IO_ERROR',
    what: 'the filesystem is read-only',
    hint: 'check `dmesg`, then remount it writable; an SD card that turns read-only is often failing',
  },
  EIO: { code: 'IO_ERROR', what: 'the disk reported an error', hint: 'check `dmesg`; an SD card that reports errors should be replaced' },
  EACCES: { code: 'PERMISSION', what: 'permission denied', hint: 'run it as root, or start the unit instead' },
  EPERM: {
    code: 'PERMISSION',
    what: 'operation not permitted',
    hint: 'run it as root, or start the unit instead; if it was root, `lsattr` shows attributes that forbid it, and `chattr -i` or `chattr -a` removes them',
  },
  EMFILE: { code: 'IO_ERROR', what: 'too many open files', hint: 'raise the open file limit and try again' },
};

/**
 * Turns whatever was thrown into an UpdateError, keeping the original as cause.
 * System errors get the code and hint of their errno; anything unknown is INTERNAL.
 */
export function toUpdateError(error: unknown): UpdateError {
  if (error instanceof UpdateError) return error;
  const errno = errnoOf(error);
  const known = errno !== null && Object.hasOwn(ERRNO, errno) ? ERRNO[errno] : undefined;
  const text = error instanceof Error ? error.message : String(error);
  if (known !== undefined) {
    return new UpdateError(known.code, `${known.what}: ${text}`, { hint: hintAt(error) ?? known.hint, cause: error });
  }
  if (errno !== null) return new UpdateError('IO_ERROR', text, { cause: error });
  return new UpdateError('INTERNAL', text, { cause: error, hint: 'this is a bug in the updater; please report it with the journal of this run' });
}

/** What helps depends on where it was, if that is known. */
function hintAt(error: unknown): string | null {
  if (!(error instanceof Error) || !('path' in error) || typeof error.path !== 'string') return null;
  if (errnoOf(error) === 'ENOSPC') return spaceHint(error.path);
  if (errnoOf(error) !== 'EACCES') return null;
  // Who is no user of the device, as the step that downloads, is helped by rights to what is closed to it.
  return `run it as root, or give its user access: '${error.path}' or a folder above it is not accessible (\`namei -l ${shellWord(error.path)}\` shows which; \`chmod o+rx\` opens a folder)`;
}

/** An error as `--json` prints it and the HTTP API answers it. */
export function errorJson(error: UpdateError): { code: string; message: string; hint: string | null } {
  return { code: error.code, message: error.message, hint: error.hint };
}
