/** The JSON files of a device, each behind its schema. Damage is a named outcome: the file is kept aside, and said so. */
import { dirname } from 'node:path';
import * as z from 'zod';
import type { DevicePaths } from '../core/paths.ts';
import { publicReceipt, withPublicResult } from '../core/public-receipt.ts';
import { Published } from '../core/published.ts';
import { STABLE } from '../core/branches.ts';
import { UpdateError } from '../core/errors.ts';
import type { Receipt } from '../core/state.ts';
import { Held, Progress, Settings, Staged, State, Wanted, emptyState } from '../core/state.ts';
import { Confirmed } from '../core/foreign.ts';
import { isVersion } from '../core/version.ts';
import { lstatOrNull, mkdirDurable, writeDurable } from '../transaction/durable.ts';
import { clearPlace, readPlain } from '../transaction/plain-file.ts';
import type { Report, Shared } from './json-file.ts';
import { WORLD_READABLE, readOrSetAside, readRootsOrSetAside, removeOwned, writeLossy, writeOwned } from './json-file.ts';
import { makeFolder, ownerOf, ownerOfFile } from './real-directory.ts';
import { appendHistory, readHistory, receiptsIn } from './history-file.ts';
import type { RunFiles } from './run-record.ts';
import { runFiles } from './run-record.ts';
import type { TokenFiles } from './tokens.ts';
import { tokenFiles } from './tokens.ts';

const VERSION_MAX_BYTES = 4096;
/** The list of all files of a release, and a hundred receipts. */
const PUBLISHED_MAX_BYTES = 16 * 1024 * 1024;
const PRIVATE = 0o600;
const ConfirmedFiles = z.array(Confirmed);

export interface StateFiles extends RunFiles, TokenFiles {
  readState: () => State;
  writeState: (state: State) => void;
  readSettings: () => Settings;
  /** Throws PERMISSION for whoever may not choose for the owner. */
  writeSettings: (settings: Settings) => void;
  /** When the owner's choices were written: what tells one choice from another of the same. */
  settingsWritten: () => number;
  readStaged: () => Staged | null;
  writeStaged: (staged: Staged) => void;
  removeStaged: () => void;
  readVersion: () => string | null;
  readHeld: () => Held;
  writeHeld: (held: Held) => void;
  appendHistory: (receipt: Receipt) => void;
  /** Oldest first; of many only the last so many. */
  readHistory: (last?: number) => Receipt[];
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

/**
 * All state files of one device, each with the one writer that docs/architecture.md names. `report` gets a warning for each damaged
 * file, and for each thing that was in the way of one.
 */
export function stateFiles(paths: DevicePaths, report: Report): StateFiles {
  /** Of the user of the network steps, whose cache it is (or was: an owner may remove it): where root writes such a file, that user can write it again. */
  const shared = (): Shared => ({ owner: ownerOf(paths.cacheDir) ?? ownerOfFile(paths.state) ?? ownerOf(paths.stateDir), report });
  const roots: Shared = { owner: null, report };
  const orders = (dir: string): string => {
    for (const folder of new Set([paths.orders, dir])) makeFolder(folder, null, report);
    return dir;
  };
  /** What is no folder there, from before they were root's, goes out of the way of whoever looks for an order. */
  const atOrders = (path: string): string => {
    for (const folder of [paths.orders, dirname(path)]) if (lstatOrNull(folder) !== null) makeFolder(folder, null, report);
    return path;
  };
  const order = (path: string, value: unknown): void => {
    orders(dirname(path));
    writeOwned(path, value, WORLD_READABLE, roots);
  };
  const readRawState = (): State | null => readOrSetAside(paths.state, State, 'state.json', report);
  return {
    ...runFiles(paths, report, shared),
    // What is installed is known without it.
    readState: () =>
      // An earlier version of the updater has written more of the last result than is for everybody.
      withPublicResult(readRawState() ?? { ...emptyState(), current: readVersion(paths.version, () => undefined) }),
    writeState: (state) => {
      writeOwned(paths.state, State.parse(withPublicResult(state)), WORLD_READABLE, shared());
    },
    readSettings: () => {
      const settings = readRootsOrSetAside(paths.settings, Settings, 'settings.json', report) ?? Settings.parse({});
      const left = settings.branch === STABLE ? undefined : readRawState()?.left_branch;
      const isLeft = left?.branch === settings.branch && left.chosen === writtenAt(paths.settings);
      return isLeft ? { ...settings, branch: STABLE } : settings;
    },
    writeSettings: (settings) => {
      assertMayChoose(paths.stateDir);
      writeOwned(paths.settings, Settings.parse(settings), WORLD_READABLE, roots);
    },
    settingsWritten: () => writtenAt(paths.settings),
    readStaged: () => readOrSetAside(paths.staged, Staged, "the file 'staged'", report),
    writeStaged: (staged) => {
      writeOwned(paths.staged, Staged.parse(staged), WORLD_READABLE, shared());
    },
    removeStaged: () => {
      removeOwned(paths.staged, report);
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
    ...tokenFiles(paths, report, { shared, orders, atOrders }),
    readRetry: () => readVersion(atOrders(paths.retry), report),
    writeRetry: (version) => {
      orders(dirname(paths.retry));
      clearPlace(paths.retry);
      writeDurable(paths.retry, `${version}\n`, { mode: WORLD_READABLE });
    },
    dropRetry: () => {
      removeOwned(atOrders(paths.retry), report);
    },
    writeConfirmed: (files) => {
      order(paths.confirmed, ConfirmedFiles.parse(files));
    },
    takeConfirmed: () => {
      const files = readOrSetAside(atOrders(paths.confirmed), ConfirmedFiles, 'the list of confirmed files', report) ?? [];
      removeOwned(paths.confirmed, report);
      return files;
    },
    readWanted: () => readOrSetAside(atOrders(paths.wanted), Wanted, "the file 'wanted'", report),
    writeWanted: (wanted) => {
      order(paths.wanted, Wanted.parse(wanted));
    },
    dropWanted: () => {
      removeOwned(atOrders(paths.wanted), report);
    },
    readPublished: () => {
      const published = readRootsOrSetAside(paths.published, Published, 'published.json', report, PUBLISHED_MAX_BYTES);
      return published === null ? null : { ...published, history: published.history.map(publicReceipt) };
    },
    writePublished: (published) => {
      writeOwned(paths.published, Published.parse(published), WORLD_READABLE, roots);
    },
    writeProgress: (progress) => {
      writeLossy(paths.progress, Progress.parse(progress), shared());
    },
    readProgress: () => readOrSetAside(paths.progress, Progress, 'progress.json', () => undefined),
    removeProgress: () => {
      removeOwned(paths.progress, () => undefined);
    },
  };
}

/** When a file was written, in milliseconds; 0 when it is not there. */
function writtenAt(path: string): number {
  return lstatOrNull(path)?.mtimeMs ?? 0;
}

/** The folder lets the user of the network steps put files there; a file of settings of theirs would not count. */
function assertMayChoose(stateDir: string): void {
  const [uid, owner] = [process.geteuid?.(), ownerOf(stateDir)?.uid];
  if (uid === 0 || owner === undefined || uid === owner) return;
  throw new UpdateError('PERMISSION', 'only root can change the settings', { hint: 'run it as root: `sudo pikit-update …`' });
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
