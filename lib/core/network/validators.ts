/**
 * Which validators of an answer are worth keeping, and for how long. A validator that stays the same while the content changes
 * hides every later release, so one that may do that is not kept:
 *  - Last-Modified alone is never asked with: its unit is the second, and plain servers take it from files whose times may be set
 *  - nginx, Apache and many others make their ETag of the file's time and size, so what is wrong with the time is wrong with it
 *  - a file that changed within the last two seconds may change again within the same one (RFC 9110, section 8.8.2.2)
 *  - times such as 1970, 1980 and 1985 come from tools that give every file the same one (image builds, zip, npm), as does one
 *    that is older than the release that the file is about
 * Whatever is left is asked with for a week at most, and then once without conditions.
 */

export interface AnswerFacts {
  etag: string | null;
  lastModified: string | null;
  /** The server's own clock. */
  date: string | null;
  /** Bytes of the body. */
  size: number;
  /** When what the document is about was made, by its own words. */
  madeAt: string | null;
}

export interface Kept {
  etag: string | null;
  /** ISO 8601, by the clock of the device: from when until when the validator counts. */
  full_at: string;
  until: string;
}

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
/** A daily check must not miss its week by the minutes that it begins later. */
const WEEK = 6.5 * DAY;
/** A validator that is in doubt saves the second request of a day, and not the next day's. */
const HALF_A_DAY = 12 * HOUR;
const MIN_AGE = 2 * SECOND;
/** Times that tools set are before it; the youngest of those in wide use is that of Bazel, 2010-01-01. */
const IMPLAUSIBLE_BEFORE = Date.UTC(2010, 0, 2);
/** There was no site of releases before. */
const DOUBTFUL_BEFORE = Date.UTC(2026, 0, 1);

/** What to keep of an answer. Pure: `nowMs` is the clock of the device, which stands in for a server that does not tell the time. */
export function keptValidators(answer: AnswerFacts, nowMs: number): Kept {
  const trust = trustOf(answer, nowMs);
  const until = trust === 'none' ? nowMs : nowMs + (trust === 'doubtful' ? HALF_A_DAY : WEEK);
  return { etag: trust === 'none' ? null : answer.etag, full_at: new Date(nowMs).toISOString(), until: new Date(until).toISOString() };
}

/** Whether the next request may have the condition. A clock that was set back since is no measure: then it may not. */
export function mayAskWith(
  { etag, full_at: from, until }: { etag: string | null; full_at: string | null; until: string | null },
  nowMs: number,
): boolean {
  if (etag === null || from === null || until === null) return false;
  return nowMs >= Date.parse(from) && nowMs < Date.parse(until);
}

type Trust = 'full' | 'doubtful' | 'none';

function trustOf(answer: AnswerFacts, nowMs: number): Trust {
  if (answer.etag === null) return 'none';
  const modified = modifiedMs(answer);
  // An ETag that is made of something else than a time: nothing speaks against it.
  if (modified === null) return 'full';
  const date = answer.date === null ? nowMs : Date.parse(answer.date);
  const age = (Number.isNaN(date) ? nowMs : date) - modified;
  // NaN: not a valid time.
  if (!(age >= MIN_AGE) || modified < IMPLAUSIBLE_BEFORE) return 'none';
  const madeAt = answer.madeAt === null ? Number.NaN : Date.parse(answer.madeAt);
  return modified < DOUBTFUL_BEFORE || modified < madeAt - DAY ? 'doubtful' : 'full';
}

function modifiedMs({ etag, lastModified, size }: AnswerFacts): number | null {
  return lastModified === null ? timeInEtag(etag ?? '', size) : Date.parse(lastModified);
}

/**
 * The file's time in an ETag that has its size as well: nginx writes seconds-size, Apache size-microseconds, send (Node)
 * size-milliseconds, all hexadecimal.
 */
function timeInEtag(etag: string, size: number): number | null {
  const [, left, right] = /^(?:W\/)?"([0-9a-f]{1,14})-([0-9a-f]{1,14})"$/i.exec(etag) ?? [];
  if (left === undefined || right === undefined) return null;
  const [first, second] = [Number.parseInt(left, 16), Number.parseInt(right, 16)];
  if (second === size) return first * SECOND;
  if (first !== size) return null;
  return second > 1e14 ? second / 1000 : second;
}
