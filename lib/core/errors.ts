/**
 * Every failure a person can meet, by code.
 * Callers switch on `code`; `message` names the thing and both values; `hint` says what the owner of the device can do now.
 */
import { shellWord } from './shell-word.ts';

export const ERROR_CODES = [
  // usage and configuration
  'USAGE',
  'BUSY',
  'PERMISSION',
  'CONFIG_MISSING',
  'CONFIG_INVALID',
  'SETTINGS_INVALID',
  'STATE_INVALID',
  // network
  'OFFLINE',
  'SERVER_UNREACHABLE',
  'SERVER_ERROR',
  'NOT_FOUND',
  'HTTP_STATUS',
  'HTTP_PROTOCOL',
  'TLS_FAILED',
  'CLOCK_WRONG',
  'RESPONSE_TOO_LARGE',
  'TOO_SLOW',
  'DEADLINE',
  'REDIRECT_REFUSED',
  'CAPTIVE_PORTAL',
  'PROXY_UNREACHABLE',
  'PROXY_LOGIN',
  'PROXY_REFUSED',
  'CANCELLED',
  // releases
  'MANIFEST_INVALID',
  'RELEASE_INCOMPATIBLE',
  'RELEASE_CHANGED',
  'BRANCH_UNKNOWN',
  'PATH_REFUSED',
  'BUNDLE_INVALID',
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
  'STAGED_INVALID',
  // the device
  'NO_SPACE',
  'NO_INODES',
  'DEST_TYPE',
  'DEST_UNSAFE',
  'FOREIGN_FILES',
  'DEST_LOCKED',
  'IO_ERROR',
  'JOURNAL_CORRUPT',
  'UNDO_FAILED',
  'BROKEN',
  'NO_BACKUP',
  'BACKUP_INVALID',
  // services
  'SYSTEMD_UNAVAILABLE',
  'SERVICE_FAILED',
  'PROBE_FAILED',
  'POST_INSTALL_FAILED',
  'STEP_FAILED',
  // building releases
  'SITE_INVALID',
  'INPUT_REFUSED',
  'VERSION_INVALID',
  'VERSION_NOT_NEWER',
  // the HTTP API
  'HOST_REFUSED',
  'ORIGIN_REFUSED',
  'UNAUTHORIZED',
  'RATE_LIMITED',
  'BODY_TOO_LARGE',
  'REQUEST_INVALID',
  'MEDIA_TYPE',
  'METHOD_REFUSED',
  'TOO_MANY_STREAMS',
  'TOKEN_MISSING',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Narrows a string from a file or another process to a code we know; anything else is INTERNAL. */
export function toErrorCode(value: string): ErrorCode {
  return ERROR_CODES.find((code) => code === value) ?? 'INTERNAL';
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
  ENOSPC: { code: 'NO_SPACE', what: 'no space left', hint: 'free some space (for example: apt-get clean) and try again' },
  EDQUOT: { code: 'NO_SPACE', what: 'disk quota exceeded', hint: 'raise the quota or free some space, then try again' },
  EROFS: {
    code: 'IO_ERROR',
    what: 'the filesystem is read-only',
    hint: 'a card that turns read-only is often failing: look at `dmesg`, then remount it writable',
  },
  EIO: { code: 'IO_ERROR', what: 'the disk reported an error', hint: 'look at `dmesg`; a card that reports errors wants replacing' },
  EACCES: { code: 'PERMISSION', what: 'permission denied', hint: 'run it as root, or start the unit instead' },
  EPERM: {
    code: 'PERMISSION',
    what: 'operation not permitted',
    hint: 'run it as root, or start the unit instead; if it was root, `lsattr` shows attributes that forbid it, and `chattr -i` or `chattr -a` takes them away',
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
    return new UpdateError(known.code, `${known.what}: ${text}`, { hint: closedHint(error) ?? known.hint, cause: error });
  }
  if (errno !== null) return new UpdateError('IO_ERROR', text, { cause: error });
  return new UpdateError('INTERNAL', text, { cause: error, hint: 'this is a defect of the updater: please report it with the journal of this run' });
}

/** Who is no user of the device, as the step that downloads, is helped by rights to what is closed to it. */
function closedHint(error: unknown): string | null {
  if (errnoOf(error) !== 'EACCES' || !(error instanceof Error) || !('path' in error) || typeof error.path !== 'string') return null;
  return `run it as root, or let its user in: '${error.path}', or a folder above it, is closed to it (\`namei -l ${shellWord(error.path)}\` shows which; \`chmod o+rx\` opens a folder)`;
}

/** An error as `--json` prints it and the HTTP API answers it. */
export function errorJson(error: UpdateError): { code: string; message: string; hint: string | null } {
  return { code: error.code, message: error.message, hint: error.hint };
}
