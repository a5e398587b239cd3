/**
 * The journal of our units, read by journalctl: it knows the files and the rights, and is the only stable way to read them.
 * Nothing of it is kept here, and a reader that goes takes its journalctl with it.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import type { Readable } from 'node:stream';
import type { LogLine, LogsAnswer } from '../../core/http-api/api-answers.ts';
import type { LogsQuery } from '../../core/http-api/api-requests.ts';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import { JournalCursor, journalArguments, parseJournalEntry } from '../../core/http-api/journal-line.ts';
import { plainEnvironment } from '../process/process-group.ts';

const TIMEOUT_MS = 10_000;
const DEFAULT_LINES = 100;
const HINT = '`systemctl status systemd-journald` shows whether it runs';
/** Several times what journalctl prints for one entry with the members that we ask for. */
const MAX_LINE = 256 * 1024;
const MAX_ANSWER = 1024 * 1024;
const MAX_COMPLAINT = 500;

export interface JournalReader {
  /**
   * The last lines, or with a cursor the first ones after it, oldest first; fewer than asked for when they are long (1 MiB).
   * Throws SYSTEMD_UNAVAILABLE when there is no journalctl, or it fails or takes too long; PERMISSION when it may not read the
   * journal; REQUEST_INVALID for a cursor that is none.
   */
  read: (query: LogsQuery) => Promise<LogsAnswer>;
  /**
   * Every line as it is written, after the cursor or the last `lines` (none when it does not say), until `signal` or the caller who
   * reads ends it. Reads no further than its reader does. Throws as `read`.
   */
  follow: (query: LogsQuery, signal: AbortSignal) => AsyncGenerator<LogLine, void>;
}

/** The journal of this device. `uid` tells as whom check and fetch run. */
export function journalReader({ timeoutMs = TIMEOUT_MS, uid = uidOfSteps } = {}): JournalReader {
  return { read: (query) => read(query, timeoutMs, uid()), follow: (query, signal) => follow(query, signal, uid()) };
}

async function read(query: LogsQuery, timeoutMs: number, uid: number): Promise<LogsAnswer> {
  const { cursor, lines: wanted = DEFAULT_LINES } = query;
  const deadline = AbortSignal.timeout(timeoutMs);
  const count = cursor === undefined ? wanted : wanted + 1;
  const lines: LogLine[] = [];
  let size = 0;
  for await (const line of entries(query, [`--lines=${String(count)}`], deadline, uid)) {
    if (cursor !== undefined && (lines.length === wanted || size + line.message.length > MAX_ANSWER)) break;
    lines.push(line);
    size += line.message.length;
    while (size > MAX_ANSWER) size -= lines.shift()?.message.length ?? size;
  }
  if (deadline.aborted) throw new UpdateError('SYSTEMD_UNAVAILABLE', `the journal was not read within ${String(timeoutMs / 1000)} s`, { hint: HINT });
  return { lines, cursor: lines.at(-1)?.cursor ?? cursor ?? null };
}

async function* follow(query: LogsQuery, signal: AbortSignal, uid: number): AsyncGenerator<LogLine, void> {
  const from = query.cursor === undefined ? `--lines=${String(query.lines ?? 0)}` : '--no-tail';
  yield* entries(query, ['--follow', from], signal, uid);
}

/** What journalctl has for a query, without the line at its cursor; ends without a word when `signal` says so. */
async function* entries(query: LogsQuery, more: readonly string[], signal: AbortSignal, uid: number): AsyncGenerator<LogLine, void> {
  if (query.cursor !== undefined && !JournalCursor.safeParse(query.cursor).success) {
    throw new UpdateError('REQUEST_INVALID', `'cursor' is "${query.cursor}": it must be the cursor of a line`);
  }
  if (signal.aborted) return;
  const child = spawn('journalctl', [...journalArguments(query, uid), ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: plainEnvironment(process.env),
  });
  const complaint = firstOf(child.stderr);
  const ended = new Promise<unknown>((resolve) => {
    child.once('error', resolve);
    child.once('close', resolve);
  });
  const end = (): void => {
    // It writes nothing, so there is nothing that it would have to end in order.
    child.kill('SIGKILL');
    child.stdout.destroy();
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    for await (const text of linesOf(child.stdout, signal)) {
      const line = parseJournalEntry(text);
      if (line !== null && line.cursor !== query.cursor && (query.unit === undefined || line.unit === query.unit)) yield line;
    }
    const how = await ended;
    if (how !== 0 && !isAborted(signal)) throw failure(how, complaint());
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

/** As whom check and fetch run: whom their cache belongs to. Root where they have not run yet, and have written nothing either. */
function uidOfSteps(): number {
  return fs.statSync('/var/cache/pikit-update', { throwIfNoEntry: false })?.uid ?? 0;
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Its lines, without those that have no end. */
async function* linesOf(stream: Readable, signal: AbortSignal): AsyncGenerator<string, void> {
  const chunks: AsyncIterable<string> = stream.setEncoding('utf8');
  let text = '';
  let isSkipping = false;
  try {
    for await (const chunk of chunks) {
      const [first = '', ...others] = (text + chunk).split('\n');
      const last = others.pop();
      if (last !== undefined && !isSkipping) yield first;
      yield* others;
      isSkipping &&= last === undefined;
      text = last ?? first;
      if (text.length > MAX_LINE) [text, isSkipping] = ['', true];
    }
  } catch (error) {
    // Destroyed by `end`: the reader has gone, so report nothing.
    if (!isAborted(signal)) throw error;
  }
}

/** The beginning of what a stream said. */
function firstOf(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(0, MAX_COMPLAINT);
  });
  return () => text.trim().replace(/\s+/g, ' ');
}

/** `how` is an exit code, null after a signal, or why it could not be started. */
function failure(how: unknown, complaint: string): UpdateError {
  if (errnoOf(how) === 'ENOENT') {
    return new UpdateError('SYSTEMD_UNAVAILABLE', "the command 'journalctl' is missing", {
      hint: '`pikit-update history` shows what happened',
      cause: how,
    });
  }
  if (/permission/i.test(complaint)) {
    return new UpdateError('PERMISSION', `permission to read the journal was denied: ${complaint}`, {
      hint: 'add yourself to the group systemd-journal (`sudo usermod -aG systemd-journal USER`), then log in again',
    });
  }
  const what = complaint !== '' ? complaint : how instanceof Error ? how.message : `journalctl ended with ${String(how)}`;
  return new UpdateError('SYSTEMD_UNAVAILABLE', `the journal cannot be read: ${what}`, {
    hint: HINT,
    cause: how,
  });
}
