/** The one table from what went wrong to the status that the HTTP API answers. */
import type { ErrorCode } from '../errors.ts';

const STATUS: Partial<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  USAGE: 400,
  UNAUTHORIZED: 401,
  HOST_REFUSED: 403,
  ORIGIN_REFUSED: 403,
  NOT_FOUND: 404,
  BRANCH_UNKNOWN: 404,
  METHOD_REFUSED: 405,
  BUSY: 409,
  RELEASE_CHANGED: 409,
  BODY_TOO_LARGE: 413,
  MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  INTERNAL: 500,
};

/** Everything else is not the client's doing: the device, its configuration or its source cannot do this now. */
const UNAVAILABLE = 503;

export function statusOf(code: ErrorCode): number {
  return STATUS[code] ?? UNAVAILABLE;
}
