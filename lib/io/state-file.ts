/** The JSON files of a device, each behind its schema. Damage is a named outcome: the file is kept aside, and said so. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import type { DevicePaths } from '../core/paths.ts';
import { publicReceipt, withPublicResult } from '../core/public-receipt.ts';
import { Published } from '../core/published.ts';
import { Held, Progress, Receipt, Settings, Staged, State, Token, Wanted, emptyState } from '../core/state.ts';
import { Confirmed } from '../core/foreign.ts';
import { isVersion } from '../core/version.ts';
import { lstatOrNull, mkdirDurable, unlinkIfThere, writeDurable } from '../transaction/durable.ts';
import { readPlain } from '../transaction/plain-file.ts';
import type { Report } from './json-file.ts';
import { MAX_BYTES, WORLD_READABLE, readOrSetAside, setAside, writeLossy, writeOwned } from './json-file.ts';
import type { RunFiles } from './run-record.ts';
import { runFiles } from './run-record.ts';

const VERSION_MAX_BYTES = 4096;
/** The list of all files of a release, and a hundred receipts. */
const PUBLISHED_MAX_BYTES = 16 * 1024 * 1024;
const PRIVATE = 0o600;
const ConfirmedFiles = z.array(Confirmed);

export interface StateFiles extends RunFiles {
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
  /** Oldest first; of many only the last so many. */
  readHistory: (last?: number) => Receipt[];
  leaveToken: (step: Token['until'], token: Token) => void;
  takeToken: (step: Token['until']) => Token | null;
  dropToken: (step: Token['until']) => void;
  readRetry: () => string | null;
  writeRetry: (version: string) => void;
  dropRetry: () => void;
  /** What the owner has confirmed for the next installation. */
  writeConfirmed: (files: readonly Confirmed[]) => void;
  /** The same, which then is no longer there. */
  takeConfirmed: () => Confirmed[];
  readWanted: () => Wanted | null;
  writeWanted: (wanted: Wanted) => void;
  dropWanted: () => void;
  /** Root's, for everybody to read. Null when it is not there, and when it is damaged. */
  readPublished: () => Published | null;
  writePublished: (published: Published) => void;
  writeProgress: (progress: Progress) => void;
  readProgress: () => Progress | null;
  removeProgress: () => void;
}

const HISTORY_MAX_BYTES = 256 * 1024;
const HISTORY_KEEP = 100;

/** All state files of one device. `report` gets a warning for each damaged file. */
export function stateFiles(paths: DevicePaths, report: Report): StateFiles {
  return {
    ...runFiles(paths, report),
    // What is installed is known without it.
    readState: () =>
      // An earlier version of the updater has written more of the last result than is for everybody.
      withPublicResult(
        readOrSetAside(paths.state, State, 'state.json', report) ?? { ...emptyState(), current: readVersion(paths.version, () => undefined) },
      ),
    writeState: (state) => {
      writeOwned(paths.state, State.parse(withPublicResult(state)), WORLD_READABLE);
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
    readHistory: (last) => receiptsIn(readHistory(paths.history, report).split('\n'), last),
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
    writeConfirmed: (files) => {
      writeOwned(paths.confirmed, ConfirmedFiles.parse(files), WORLD_READABLE);
    },
    takeConfirmed: () => {
      const files = readOrSetAside(paths.confirmed, ConfirmedFiles, 'the list of confirmed files', report) ?? [];
      unlinkIfThere(paths.confirmed);
      return files;
    },
    readWanted: () => readOrSetAside(paths.wanted, Wanted, "the file 'wanted'", report),
    writeWanted: (wanted) => {
      mkdirDurable(dirname(paths.wanted), 0o755);
      writeDurable(paths.wanted, `${JSON.stringify(Wanted.parse(wanted))}\n`, { mode: WORLD_READABLE });
    },
    dropWanted: () => {
      unlinkIfThere(paths.wanted);
    },
    readPublished: () => {
      const published = readOrSetAside(paths.published, Published, 'published.json', report, PUBLISHED_MAX_BYTES);
      return published === null ? null : { ...published, history: published.history.map(publicReceipt) };
    },
    writePublished: (published) => {
      mkdirDurable(dirname(paths.published), 0o755);
      writeDurable(paths.published, `${JSON.stringify(Published.parse(published))}\n`, { mode: WORLD_READABLE });
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

/**
 * Appends a receipt, durably. A receipt of the same transaction is not added twice (recovery records again what a crash may
 * have cut short), a torn last line stays alone, and beyond 256 KiB only the newest hundred are kept.
 */
function appendHistory(path: string, receipt: Receipt, report: Report): void {
  mkdirDurable(dirname(path), 0o700);
  const line = JSON.stringify(Receipt.parse(receipt));
  const text = readHistory(path, report);
  const lines = text.split('\n');
  if (isRecorded(lines, receipt)) return;
  if (text.length > HISTORY_MAX_BYTES) {
    const kept = [...receiptsIn(lines, HISTORY_KEEP - 1).map((entry) => JSON.stringify(entry)), line];
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

/** Only what names the transaction is read: a long history costs a device time and memory with every step. */
function isRecorded(lines: readonly string[], { tx, outcome }: Receipt): boolean {
  if (tx === null) return false;
  return receiptsIn(lines.filter((line) => line.includes(JSON.stringify(tx)))).some((entry) => entry.tx === tx && entry.outcome === outcome);
}

/** The last receipts that can be read, oldest first; a damaged line is left out. */
function receiptsIn(lines: readonly string[], last = Infinity): Receipt[] {
  const found: Receipt[] = [];
  for (const line of lines.toReversed()) {
    if (found.length >= last) break;
    try {
      found.push(Receipt.parse(JSON.parse(line)));
    } catch {
      // Safe to ignore: a power cut tears at most the last line, and the rest of the history is worth more than the complaint.
    }
  }
  return found.reverse();
}
