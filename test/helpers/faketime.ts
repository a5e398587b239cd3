/**
 * A clock of its own for real processes, by libfaketime: it says another time, and jumps when it is told to. The monotonic
 * clock stays as it is, as it does on a device when the other one is set.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';

let library: string | null | undefined;
let problem = '';

/** The library, as the command faketime(1) would load it, or null when it is not there. */
function findLibrary(): string | null {
  try {
    return execFileSync('faketime', ['-m', '-f', '+0', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
    return null;
  }
}

/** Why no clock can be set here, or null when one can. Throws where root's CI would skip what it is there for. */
export function noFaketime(): string | null {
  library ??= findLibrary();
  if (library !== null) return null;
  const reason = `faketime cannot be run here: ${problem}`;
  if (process.env['CI'] === 'true' && process.getuid?.() === 0) throw new Error(reason);
  return reason;
}

export interface Clock {
  /** For processes that shall have this clock. */
  env: Readonly<Record<string, string>>;
  /** It goes on from this time, also in a process that runs already. */
  set: (at: Date) => void;
  /** It stands at this second. */
  stop: (at: Date) => void;
}

/** A clock that is kept in a file of this folder, and is right until it is set. */
export function openClock(dir: string): Clock {
  const why = noFaketime();
  if (why !== null) throw new Error(why);
  const file = join(dir, 'clock');
  // Renamed into its place: each look at the clock reads the file, and must not find the half of it.
  const write = (time: string): void => {
    fs.writeFileSync(`${file}.tmp`, `${time}\n`);
    fs.renameSync(`${file}.tmp`, file);
  };
  write('+0');
  return {
    env: {
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
      TZ: 'UTC',
    },
    set: (at) => {
      const seconds = (at.getTime() - Date.now()) / 1000;
      write(`${seconds < 0 ? '-' : '+'}${Math.abs(seconds).toFixed(3)}`);
    },
    stop: (at) => {
      write(at.toISOString().slice(0, 19).replace('T', ' '));
    },
  };
}

/** Removes what libfaketime keeps in shared memory for a process, which one that is killed leaves behind. */
export function forgetProcess(pid: number): void {
  for (const name of ['faketime_shm', 'sem.faketime_sem']) fs.rmSync(`/dev/shm/${name}_${String(pid)}`, { force: true });
}

/** What makes libfaketime's clock. */
const CLOCK = /^(LD_PRELOAD|NO_FAKE_STAT|FAKETIME.*)$/;

function environment(takes: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined || !takes(name) ? [] : [[name, value]])));
}

/** The clock of this process, for one that gets an environment of its own. */
export function sameClock(): Record<string, string> {
  return environment((name) => CLOCK.test(name));
}

/** How far this process itself was put ahead by `withClockAhead`. */
export function aheadMs(): number {
  return Number(/^\+(\d+)d$/.exec(process.env['FAKETIME'] ?? '')?.[1] ?? 0) * 86_400_000;
}

/** The environment without a clock of its own, for a program that does not run with one. */
export function withoutClock(): Record<string, string> {
  return environment((name) => !CLOCK.test(name));
}

/** For processes whose clock is so many days ahead, and goes on from there. */
export function withClockAhead(days: number): Readonly<Record<string, string>> {
  const why = noFaketime();
  if (why !== null) throw new Error(why);
  return { LD_PRELOAD: library ?? '', FAKETIME: `+${String(days)}d`, FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1' };
}
