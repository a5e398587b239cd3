/** The JSON files of a device, each behind its schema. Damage is a named outcome: the file is kept aside, and said so. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import type * as z from 'zod';
import { UpdateError, errnoOf } from '../core/errors.ts';
import { parseDocument } from '../core/json.ts';
import type { DevicePaths } from '../core/paths.ts';
import { Held, Progress, Receipt, Settings, Staged, State, Token, emptyState } from '../core/state.ts';
import { isVersion } from '../core/version.ts';
import { lstatOrNull, mkdirDurable, unlinkIfThere, writeDurable } from '../transaction/durable.ts';
import { keepAside, readPlain } from '../transaction/plain-file.ts';

const MAX_BYTES = 4 * 1024 * 1024;
const VERSION_MAX_BYTES = 4096;
const WORLD_READABLE = 0o644;
const PRIVATE = 0o600;

/** Reads one file behind its schema: null when it is not there; throws STATE_INVALID when it is damaged. */
function readFile<T>(path: string, schema: z.ZodType<T>, what: string): T | null {
  const read = readPlain(path, { maxBytes: MAX_BYTES });
  if (read.is === 'absent') return null;
  if (read.is === 'odd') throw new UpdateError('STATE_INVALID', `${what} ${read.why}`);
  return parseDocument(read.bytes, schema, { what, maxBytes: MAX_BYTES, code: 'STATE_INVALID' });
}

type Report = (message: string) => void;

/** As readFile, but a damaged file is renamed to `<path>.damaged`, reported, and then counts as not there. */
function readOrSetAside<T>(path: string, schema: z.ZodType<T>, what: string, report: Report): T | null {
  try {
    return readFile(path, schema, what);
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error;
    setAside(path, error.message, report);
    return null;
  }
}

function setAside(path: string, what: string, report: Report): void {
  try {
    report(`${what}; it is kept as '${keepAside(path)}' and begun anew, ignoring`);
  } catch (error) {
    // A reader without rights over the folder leaves it to the next step that has them; another may have been faster.
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
    report(`${what}; it counts as not there, ignoring`);
  }
}

/**
 * Writes into a folder of the user `pikit-update`, whoever runs this: what root writes there belongs to the folder's owner,
 * so that the network steps can write it again.
 */
function writeOwned(path: string, value: unknown, mode: number): void {
  const dir = dirname(path);
  mkdirDurable(dir, 0o755);
  const { uid, gid } = fs.lstatSync(dir);
  const owner = process.getuid?.() === 0 ? { uid, gid } : null;
  writeDurable(path, `${JSON.stringify(value, null, 2)}\n`, { mode, owner });
}

export interface StateFiles {
  readState: () => State;
  writeState: (state: State) => void;
  readSettings: () => Settings;
  writeSettings: (settings: Settings) => void;
  readStaged: () => Staged | null;
  writeStaged: (staged: Staged) => void;
  removeStaged: () => void;
  readVersion: () => string | null;
  readHeld: () => Held;
  writeHeld: (held: Held) => void;
  appendHistory: (receipt: Receipt) => void;
  readHistory: () => Receipt[];
  leaveToken: (step: Token['until'], token: Token) => void;
  takeToken: (step: Token['until']) => Token | null;
  dropToken: (step: Token['until']) => void;
  readRetry: () => string | null;
  writeRetry: (version: string) => void;
  dropRetry: () => void;
  writeProgress: (progress: Progress) => void;
  readProgress: () => Progress | null;
  removeProgress: () => void;
}

const HISTORY_MAX_BYTES = 256 * 1024;
const HISTORY_KEEP = 100;

/** All state files of one device. `report` gets a warning for each damaged file. */
export function stateFiles(paths: DevicePaths, report: Report): StateFiles {
  return {
    // What is installed is known without it.
    readState: () =>
      readOrSetAside(paths.state, State, 'state.json', report) ?? { ...emptyState(), current: readVersion(paths.version, () => undefined) },
    writeState: (state) => {
      writeOwned(paths.state, State.parse(state), WORLD_READABLE);
    },
    readSettings: () => readOrSetAside(paths.settings, Settings, 'settings.json', report) ?? Settings.parse({}),
    writeSettings: (settings) => {
      writeOwned(paths.settings, Settings.parse(settings), WORLD_READABLE);
    },
    readStaged: () => readOrSetAside(paths.staged, Staged, "the file 'staged'", report),
    writeStaged: (staged) => {
      writeOwned(paths.staged, Staged.parse(staged), WORLD_READABLE);
    },
    removeStaged: () => {
      unlinkIfThere(paths.staged);
    },
    readVersion: () => readVersion(paths.version, report),
    readHeld: () => readOrSetAside(paths.held, Held, 'held.json', report) ?? { schema: 1, versions: [] },
    writeHeld: (held) => {
      mkdirDurable(paths.privateDir, 0o700);
      writeDurable(paths.held, `${JSON.stringify(Held.parse(held), null, 2)}\n`, { mode: PRIVATE });
    },
    appendHistory: (receipt) => {
      appendHistory(paths.history, receipt, report);
    },
    readHistory: () => receiptsIn(readHistory(paths.history, report)),
    leaveToken: (step, token) => {
      writeOwned(`${paths.next}/${step}`, Token.parse(token), WORLD_READABLE);
    },
    takeToken: (step) => {
      const path = `${paths.granted}/${step}`;
      if (lstatOrNull(path) === null) return null;
      // That it is there says that nobody has asked for this by hand; one that cannot be read grants what the least of them does.
      const token = readOrSetAside(path, Token, `the token granted/${step}`, report) ?? { run: 'unknown', until: step, by: 'timer' };
      unlinkIfThere(path);
      return token;
    },
    dropToken: (step) => {
      unlinkIfThere(`${paths.next}/${step}`);
    },
    readRetry: () => readVersion(paths.retry, report),
    writeRetry: (version) => {
      mkdirDurable(dirname(paths.retry), 0o755);
      writeDurable(paths.retry, `${version}\n`, { mode: WORLD_READABLE });
    },
    dropRetry: () => {
      unlinkIfThere(paths.retry);
    },
    writeProgress: (progress) => {
      writeLossy(paths.progress, Progress.parse(progress));
    },
    readProgress: () => readOrSetAside(paths.progress, Progress, 'progress.json', () => undefined),
    removeProgress: () => {
      unlinkIfThere(paths.progress);
    },
  };
}

/** One line with a version, or null when there is none or it is not one. */
function readVersion(path: string, report: Report): string | null {
  const read = readPlain(path, { maxBytes: VERSION_MAX_BYTES });
  if (read.is === 'absent') return null;
  const text = read.is === 'odd' ? '' : read.bytes.toString('utf8').trim();
  if (isVersion(text)) return text;
  report(`'${path}' ${read.is === 'odd' ? read.why : `holds no version but '${text.slice(0, 64)}'`}, ignoring`);
  return null;
}

/** In /run, many times a second: atomic for readers, but not made durable. */
function writeLossy(path: string, value: unknown): void {
  fs.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const { uid, gid } = fs.lstatSync(dirname(path));
  const temp = `${path}.tmp`;
  unlinkIfThere(temp);
  const fd = fs.openSync(temp, 'wx', WORLD_READABLE);
  try {
    fs.writeFileSync(fd, `${JSON.stringify(value)}\n`);
    // By its descriptor: the owner of the folder could put a link in the place of the name.
    if (process.getuid?.() === 0) fs.fchownSync(fd, uid, gid);
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(temp, path);
}

/**
 * Appends a receipt, durably. A receipt of the same transaction is not added twice (recovery records again what a crash may
 * have cut short), a torn last line stays alone, and beyond 256 KiB only the newest hundred are kept.
 */
function appendHistory(path: string, receipt: Receipt, report: Report): void {
  mkdirDurable(dirname(path), 0o700);
  const line = JSON.stringify(Receipt.parse(receipt));
  const text = readHistory(path, report);
  const old = receiptsIn(text);
  if (receipt.tx !== null && old.some((entry) => entry.tx === receipt.tx && entry.outcome === receipt.outcome)) return;
  if (text.length > HISTORY_MAX_BYTES) {
    const kept = [...old.slice(-HISTORY_KEEP + 1).map((entry) => JSON.stringify(entry)), line];
    writeDurable(path, `${kept.join('\n')}\n`, { mode: PRIVATE });
    return;
  }
  const fd = fs.openSync(path, 'a', PRIVATE);
  try {
    fs.writeFileSync(fd, `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** The text of the history; what is no such file is kept aside. */
function readHistory(path: string, report: Report): string {
  const read = readPlain(path, { maxBytes: MAX_BYTES });
  if (read.is === 'there') return read.bytes.toString('utf8');
  if (read.is === 'odd') setAside(path, `the history ${read.why}`, report);
  return '';
}

/** All receipts that can be read, oldest first; a damaged line is left out. */
function receiptsIn(text: string): Receipt[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [Receipt.parse(JSON.parse(line))];
    } catch {
      // Safe to ignore: a power cut tears at most the last line, and the rest of the history is worth more than the complaint.
      return [];
    }
  });
}
