/**
 * The owner's choices: one file, of which each choice is a part. To make one, a process reads the file, changes it and writes it whole,
 * as `pikit-update` on a shell, as the gateway of the API, or as a step in a folder, at the same time; a kernel lock in a folder of
 * root makes it one after the other. It is held for as long as that takes, and only by a user who may write the file.
 */
import type { DevicePaths } from '../../core/device/paths.ts';
import { STABLE } from '../../core/release/branches.ts';
import { UpdateError } from '../../core/errors.ts';
import type { State } from '../../core/device/state.ts';
import { Settings } from '../../core/device/state.ts';
import { lstatOrNull } from '../../transaction/files/durable.ts';
import type { ReportWarning } from './json-file.ts';
import { WORLD_READABLE, readRootsOrSetAside, writeOwned } from './json-file.ts';
import { takeLock } from './lock.ts';
import { makeFolder, ownerOf } from './real-directory.ts';

/** Writing takes some milliseconds, and seconds on a card that is busy. */
const LOCK_WAIT_MS = 10_000;

export interface SettingsFile {
  readSettings: () => Settings;
  /** Overwrites all choices, also those written meanwhile. Throws PERMISSION for a user who may not choose for the owner. */
  writeSettings: (settings: Settings) => void;
  /**
   * Makes a change to the choices as they are now, and durably: none that another process makes at the same time is lost. Where `change`
   * gives back what it was given, nothing is written. Returns the choices before and after. Throws PERMISSION for a user who may not
   * choose for the owner, BUSY when others are at it for too long, CANCELLED by `signal`; nothing was changed then.
   */
  changeSettings: (change: (now: Settings) => Settings, signal: AbortSignal) => Promise<{ before: Settings; after: Settings }>;
  /** When the owner's choices were written: what tells one choice from another of the same. */
  settingsWritten: () => number;
}

/** `readRawState`: null where there is none. */
export function settingsFile(paths: DevicePaths, report: ReportWarning, readRawState: () => State | null): SettingsFile {
  const readSettings = (): Settings => {
    const settings = readRootsOrSetAside(paths.settings, Settings, 'settings.json', report) ?? Settings.parse({});
    const left = settings.branch === STABLE ? undefined : readRawState()?.left_branch;
    const isLeft = left?.branch === settings.branch && left.chosen === writtenAt(paths.settings);
    return isLeft ? { ...settings, branch: STABLE } : settings;
  };
  const writeSettings = (settings: Settings): void => {
    assertMayChoose(paths.stateDir);
    writeOwned(paths.settings, Settings.parse(settings), WORLD_READABLE, { owner: null, report });
  };
  return {
    readSettings,
    writeSettings,
    changeSettings: async (change, signal) => {
      // Before the lock: it is for those who may.
      assertMayChoose(paths.stateDir);
      makeFolder(paths.orders, null, report);
      const release = await lock(paths.settingsLock, signal);
      try {
        const before = readSettings();
        const after = change(before);
        if (after !== before) writeSettings(after);
        return { before, after };
      } finally {
        release();
      }
    },
    settingsWritten: () => writtenAt(paths.settings),
  };
}

async function lock(path: string, signal: AbortSignal): Promise<() => void> {
  try {
    return await takeLock(path, { waitMs: LOCK_WAIT_MS, onWait: () => undefined, signal });
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error;
    if (error.code === 'CANCELLED') throw new UpdateError('CANCELLED', 'stopped before the settings were changed', { cause: error });
    if (error.code !== 'BUSY') throw error;
    throw new UpdateError('BUSY', `the settings are being changed by another process ('${path}' is locked); nothing was changed`, {
      hint: 'try again in a moment',
      cause: error,
    });
  }
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
