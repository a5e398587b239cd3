/** What every answer has in common: its headers, and how an error becomes one. */
import type { BusyAnswer, ErrorAnswer } from '../core/http-api/api-answers.ts';
import { statusOf } from '../core/http-api/api-status.ts';
import type { UpdateError } from '../core/errors.ts';
import { errorJson } from '../core/errors.ts';
import { printableJson } from '../core/printable.ts';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** Answers are data for the client, and never a page: nothing in them is run, framed, guessed or kept. */
export const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
};

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export function jsonAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { ...HEADERS, 'Content-Type': JSON_TYPE, ...headers }, body: printableJson(value) };
}

const INTERNAL: ErrorAnswer = {
  error: {
    code: 'INTERNAL',
    message: 'internal error in the updater',
    hint: '`journalctl -u pikit-update-api` shows the details; please report it',
  },
};

/** `busy` is what runs, for a client that wanted to start something else. What is wrong inside is not for the client. */
export function errorAnswer(error: UpdateError, busy?: Pick<BusyAnswer, 'run'>): Answer {
  if (error.code === 'INTERNAL') return jsonAnswer(500, INTERNAL);
  return jsonAnswer(statusOf(error.code), { error: errorJson(error), ...busy }, errorHeaders(error));
}

/** The methods that a route has are the subject of METHOD_REFUSED. */
function errorHeaders(error: UpdateError): Record<string, string> {
  return {
    ...(error.code === 'UNAUTHORIZED' ? { 'WWW-Authenticate': 'Bearer realm="pikit-update"' } : {}),
    ...(error.code === 'METHOD_REFUSED' ? { Allow: error.subject ?? '' } : {}),
    ...(error.retryAfterMs === null ? {} : { 'Retry-After': String(Math.ceil(error.retryAfterMs / 1000)) }),
  };
}
