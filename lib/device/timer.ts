/** What pikit-update-auto@.service does: the owner's choice becomes the state of the timer, and its time a drop-in of it. */
import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UpdateError, errnoOf } from '../core/errors.ts';
import { parseDocument } from '../core/json.ts';
import type { DevicePaths } from '../core/device/paths.ts';
import type { Auto } from '../core/device/state.ts';
import { AUTO_CHOICES, Settings } from '../core/device/state.ts';
import type { Systemd } from '../io/bus/systemd.ts';
import { writeDurable } from '../transaction/files/durable.ts';
import { mkdirDurable } from '../transaction/files/directories.ts';
import { readUntrusted } from '../transaction/files/untrusted-files.ts';

const TIMER = 'pikit-update.timer';
const DROP_IN = `/etc/systemd/system/${TIMER}.d/time.conf`;
/** Where systemd notes when the timer elapsed last, by the file's time of change (systemd.timer(5), Persistent=). */
const STAMP = `/var/lib/systemd/timers/stamp-${TIMER}`;
const MAX_BYTES = 64 * 1024;
const JOB_TIMEOUT_MS = 20_000;

export interface TimerDeps {
  paths: DevicePaths;
  /** Null where no systemd manages the services: only the file is written. */
  systemd: (() => Promise<Systemd>) | null;
}

/** The one argument of the unit. Throws USAGE for any other. */
export function parseChoice(args: readonly string[]): Auto {
  const choice = args.length === 1 ? AUTO_CHOICES.find((known) => known === args[0]) : undefined;
  if (choice !== undefined) return choice;
  throw new UpdateError(
    'USAGE',
    args.length === 1 ? `'${args[0] ?? ''}' is not a choice` : `one argument is needed, ${String(args.length)} were given`,
    {
      hint: `allowed: ${AUTO_CHOICES.join(', ')}`,
    },
  );
}

/**
 * Sets the timer as the settings say, and can be run again at any time. Throws SETTINGS_INVALID when they are damaged, or say
 * something else than `choice`: a user who may start this unit may not choose for the owner. A timer that is on counts from now.
 */
export async function setTimer(choice: Auto, { paths, systemd }: TimerDeps): Promise<Settings> {
  const settings = readSettings(paths.settings);
  if (settings.auto !== choice) {
    throw new UpdateError('SETTINGS_INVALID', `'${choice}' was requested, but '${paths.settings}' says '${settings.auto}'`, {
      hint: `\`pikit-update auto ${choice}\` sets both`,
    });
  }
  const file = join(paths.root, DROP_IN);
  mkdirDurable(dirname(file), 0o755);
  writeDurable(file, dropIn(settings.time), { mode: 0o644 });
  if (systemd !== null) {
    countFromNow(join(paths.root, STAMP));
    await applyToTimer(await systemd(), choice);
  }
  return settings;
}

/** An empty assignment first: OnCalendar= adds to what is there. */
export function dropIn(time: string): string {
  return `# Written by 'pikit-update auto': the time of the daily check.\n[Timer]\nOnCalendar=\nOnCalendar=*-*-* ${time}\n`;
}

/**
 * A timer that is started counts from when it elapsed last: a new time of day that is past by then, or days in which it was off,
 * would count as missed, and be made up for at once (seen with systemd 252 and 257; `systemctl clean` does not help on 257).
 */
function countFromNow(stamp: string): void {
  try {
    fs.closeSync(fs.openSync(stamp, 'a', 0o644));
    const now = new Date();
    fs.utimesSync(stamp, now, now);
  } catch (error) {
    // Safe to ignore: systemd makes the folder when the first such timer starts, and then nothing was missed.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

async function applyToTimer(systemd: Systemd, choice: Auto): Promise<void> {
  try {
    await (choice === 'off' ? systemd.disable([TIMER]) : systemd.enable([TIMER]));
    await systemd.reloadDaemon();
    // A restart, because a timer that runs keeps the time that it has worked out.
    const verb = choice === 'off' ? 'StopUnit' : 'RestartUnit';
    const result = await systemd.job(verb, TIMER, JOB_TIMEOUT_MS);
    if (result !== 'done')
      throw new UpdateError('STEP_FAILED', `failed to ${choice === 'off' ? 'stop' : 'start'} '${TIMER}' (${result})`, {
        hint: `\`systemctl status ${TIMER}\` shows why`,
      });
  } finally {
    systemd.close();
  }
}

/** Root reads in a folder of another user, by the rule for that. Without the file, the defaults hold. */
function readSettings(path: string): Settings {
  const read = readUntrusted(dirname(path), basename(path), MAX_BYTES);
  if (read.is === 'absent') return Settings.parse({});
  if (read.is === 'there') return parseDocument(read.bytes, Settings, { what: 'settings.json', maxBytes: MAX_BYTES, code: 'SETTINGS_INVALID' });
  throw new UpdateError('SETTINGS_INVALID', `'${path}' ${read.why}`, { hint: `remove it, then set it again: \`pikit-update auto check\`` });
}
