/** The JSON files of a device, each behind its schema. Damage is a named outcome: the file is kept aside, and said so. */
import { dirname } from 'node:path';
import type { DevicePaths } from '../../core/device/paths.ts';
import { publicReceipt, withPublicResult } from '../../core/device/public-receipt.ts';
import { PublicFacts } from '../../core/device/public-facts.ts';
import { withRootFacts, withTrust } from '../../core/device/root-facts.ts';
import type { Receipt } from '../../core/device/state.ts';
import { Held, Progress, Staged, State, Wanted, emptyState } from '../../core/device/state.ts';
import { isVersion } from '../../core/release/version.ts';
import { lstatOrNull, writeDurable } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import { readPlain } from '../../transaction/files/plain-file.ts';
import type { ReportWarning, Shared } from './json-file.ts';
import { WORLD_READABLE, readOrSetAside, readRootsOrSetAside, removeOwned, writeLossy, writeOwned } from './json-file.ts';
import { makeFolder, ownerOf, ownerOfFile } from './real-directory.ts';
import { appendHistory, readHistory, receiptsIn } from './history-file.ts';
import type { RunFiles } from './run-files.ts';
import { runFiles } from './run-files.ts';
import type { SettingsFile } from './settings-file.ts';
import { settingsFile } from './settings-file.ts';
import type { TokenFiles } from './token-files.ts';
import { tokenFiles } from './token-files.ts';

const VERSION_MAX_BYTES = 4096;
/** The list of all files of a release, and a hundred receipts. */
const PUBLISHED_MAX_BYTES = 16 * 1024 * 1024;
const PRIVATE = 0o600;

export interface StateFiles extends RunFiles, SettingsFile, TokenFiles {
  /** With what root has published in the place of what state.json says of it. */
  readState: () => State;
  writeState: (state: State) => void;
  readStaged: () => Staged | null;
  writeStaged: (staged: Staged) => void;
  removeStaged: () => void;
  readVersion: () => string | null;
  readHeld: () => Held;
  writeHeld: (held: Held) => void;
  appendHistory: (receipt: Receipt) => void;
  /** Oldest first; of many only the last so many. */
  readHistory: (last?: number) => Receipt[];
  /** However old it is. One that an earlier version of the updater has written counts as damaged. */
  readWanted: () => Wanted | null;
  writeWanted: (wanted: Wanted) => void;
  dropWanted: () => void;
  /** Root's, for every user to read. Null when it is not there, and when it is damaged. */
  readPublished: () => PublicFacts | null;
  writePublished: (published: PublicFacts) => void;
  writeProgress: (progress: Progress) => void;
  readProgress: () => Progress | null;
  removeProgress: () => void;
}

/**
 * All state files of one device, each with the one writer that docs/architecture.md names. `report` gets a warning for each damaged
 * file, and for each thing that was in the way of one.
 */
export function stateFiles(paths: DevicePaths, report: ReportWarning): StateFiles {
  /** Of the user of the network steps, whose cache it is (or was: an owner may remove it): where root writes such a file, that user can write it again. */
  const shared = (): Shared => ({ owner: ownerOf(paths.cacheDir) ?? ownerOfFile(paths.state) ?? ownerOf(paths.stateDir), report });
  const roots: Shared = { owner: null, report };
  const orders = (dir: string): string => {
    for (const folder of new Set([paths.orders, dir])) makeFolder(folder, null, report);
    return dir;
  };
  /** What is no folder there, from before they were root's, is moved out of the way of the next look for an order. */
  const atOrders = (path: string): string => {
    for (const folder of [paths.orders, dirname(path)]) if (lstatOrNull(folder) !== null) makeFolder(folder, null, report);
    return path;
  };
  let published: { of: string; facts: PublicFacts | null } | null = null;
  /** Parsed once for each time that it is written: it may have a line for each of 20,000 files, and is asked for with every state. */
  const readPublished = (): PublicFacts | null => {
    const of = identityOf(paths.published);
    if (published?.of === of) return published.facts;
    const facts = readRootsOrSetAside(paths.published, PublicFacts, 'published.json', report, PUBLISHED_MAX_BYTES);
    published = { of, facts: facts === null ? null : { ...facts, history: facts.history.map(publicReceipt) } };
    return published.facts;
  };
  // An earlier version of the updater has written more of the last result than every user may read.
  const known = (state: State): State => withTrust(withRootFacts(withPublicResult(state), readPublished()), isUnsigned(paths, readPublished()));
  const readRawState = (): State | null => readOrSetAside(paths.state, State, 'state.json', report);
  return {
    ...runFiles(paths, report, shared),
    ...settingsFile(paths, report, readRawState),
    // What is installed is known without it.
    readState: () => known(readRawState() ?? { ...emptyState(), current: readVersion(paths.version, () => undefined) }),
    writeState: (state) => {
      writeOwned(paths.state, State.parse(known(state)), WORLD_READABLE, shared());
    },
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
    readWanted: () => readOrSetAside(atOrders(paths.wanted), Wanted, "the file 'wanted'", report),
    writeWanted: (wanted) => {
      orders(paths.orders);
      writeOwned(paths.wanted, Wanted.parse(wanted), WORLD_READABLE, roots);
    },
    dropWanted: () => {
      removeOwned(atOrders(paths.wanted), report);
    },
    readPublished,
    writePublished: (facts) => {
      writeOwned(paths.published, PublicFacts.parse(facts), WORLD_READABLE, roots);
      published = null;
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

/** By the trusted root that is there, or was: a device says that releases are not signed only where it is sure of that. */
function isUnsigned({ trustRoot }: DevicePaths, published: PublicFacts | null): boolean {
  if ((published?.trust ?? null) !== null) return false;
  try {
    return lstatOrNull(trustRoot) === null;
  } catch {
    // Safe to ignore: what is closed to this user is there, as far as it can tell.
    return false;
  }
}

/** Of one writing of a file; also of its absence. */
function identityOf(path: string): string {
  const stat = lstatOrNull(path);
  return stat === null ? 'absent' : [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ');
}

/** One line with a version, or null when there is none or it is not one. */
function readVersion(path: string, report: ReportWarning): string | null {
  const read = readPlain(path, { maxBytes: VERSION_MAX_BYTES });
  if (read.is === 'absent') return null;
  const text = read.is === 'odd' ? '' : read.bytes.toString('utf8').trim();
  if (isVersion(text)) return text;
  report(`ignoring '${path}': it ${read.is === 'odd' ? read.why : `contains '${text.slice(0, 64)}' instead of a version`}`);
  return null;
}
