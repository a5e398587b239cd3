/**
 * What may stand in front of an entry of a bundle: a pax extended header (POSIX 2001), or the long name of GNU tar. Tools write
 * these for times, owners and attributes, which a release has no use for, and for names that do not fit 100 bytes.
 *
 * Each record is `<length> <key>=<value>\n`, the length counting itself. Readers of tar disagree about what goes beyond that, and
 * each such case was an attack once: so the records are counted byte by byte here, and tar's own reading has to agree.
 */
import { Pax } from 'tar/pax';

/** Attributes of a Mac take some hundred bytes; what a header may hold at most is kept in memory once. */
export const EXTENSION_MAX_BYTES = 1024 * 1024;

/** Owners, times, attributes and comments, which are read over. */
const READ_OVER =
  /^(?:[acm]time|[ug]id|[ug]name|comment|LIBARCHIVE\.creationtime|SCHILY\.(?:dev|ino|nlink|fflags|acl\.(?:access|default|ace))|RHT\.security\.selinux|(?:LIBARCHIVE|SCHILY)\.xattr\..+)$/s;
/** Of an entry, but not of all entries: two files of one name, or of a size that their headers do not tell, are an attack. */
const OF_ONE_ENTRY = new Set(['path', 'size']);
/** Values that are bytes, not text. */
const BINARY = /^(?:SCHILY\.(?:xattr|acl)|RHT)\./;

const SPACE = 0x20;
const EQUALS = 0x3d;
const NEW_LINE = 0x0a;

/** What an extension says of the entry behind it. */
export interface Extension {
  path: string | null;
  size: number | null;
}

/** How to refuse: throws, with a reason that continues the sentence `its extended header …`. */
export type Refuse = (why: string) => never;

/** Reads the records of one entry (`x`) or of all that follow (`g`). */
export function readPax(body: Buffer, kind: 'x' | 'g', refuse: Refuse): Extension {
  const records = splitRecords(body, refuse);
  for (const key of records.keys()) {
    if (!READ_OVER.test(key) && !(kind === 'x' && OF_ONE_ENTRY.has(key))) refuse(`has the record '${key}', which is not allowed there`);
  }
  const path = textOf(records.get('path'), refuse);
  const size = textOf(records.get('size'), refuse);
  if (path === '') refuse('has an empty path');
  if (size !== null && !/^(?:0|[1-9]\d{0,14})$/.test(size)) refuse('has a size that is no number');
  const read = Pax.parse(body.toString('utf8'));
  if ((read.path ?? null) !== path || (read.size ?? null) !== (size === null ? null : Number(size)) || read.linkpath !== undefined) {
    refuse('is read in different ways by different programs');
  }
  return { path, size: size === null ? null : Number(size) };
}

function splitRecords(body: Buffer, refuse: Refuse): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < body.length;) {
    const blank = body.indexOf(SPACE, at);
    const digits = body.toString('latin1', at, blank < 0 ? at : Math.min(blank, at + 8));
    const end = at + Number(digits);
    const equals = body.indexOf(EQUALS, blank);
    if (!/^[1-9]\d*$/.test(digits) || end > body.length || equals < 0 || equals >= end || body[end - 1] !== NEW_LINE) {
      refuse('has a record that is damaged');
    }
    const key = body.toString('latin1', blank + 1, equals);
    const value = body.subarray(equals + 1, end - 1);
    if (records.has(key)) refuse(`has the record '${key}' twice`);
    if (value.includes(0) && !BINARY.test(key)) refuse(`has a NUL in the record '${key}'`);
    records.set(key, value);
    at = end;
  }
  return records;
}

/** The name that GNU tar puts in front of an entry (`L`): it ends with a NUL, and has none before. */
export function readLongName(body: Buffer, refuse: Refuse): Extension {
  const name = body.at(-1) === 0 ? body.subarray(0, -1) : body;
  if (name.length === 0) refuse('has an empty path');
  if (name.includes(0)) refuse('has a NUL in its path');
  return { path: textOf(name, refuse), size: null };
}

function textOf(value: Buffer | undefined, refuse: Refuse): string | null {
  if (value === undefined) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    // The reason is the whole story: the bytes themselves cannot be shown.
    return refuse('has a path that is not UTF-8');
  }
}

/** The extended header, without its frame, of an entry whose name does not fit a plain one. */
export function paxBody(path: string): Buffer {
  return Buffer.from(new Pax({ path }).encodeBody());
}
