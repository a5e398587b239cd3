/**
 * run.json (by `tell`) and progress.json say what is being done, and are all that others read. Steps of root also give their unit a
 * line of status, for `systemctl status`. All are lossy and throttled; none may fail a step.
 */
import fs from 'node:fs';
import type { ProgressReport, ProgressFacts } from '../../core/run/progress.ts';
import type { Progress } from '../../core/device/state.ts';
import { statusLine, toProgress } from '../../core/run/progress.ts';
import type { StateFiles } from '../state/state-files.ts';

const FILE_INTERVAL_MS = 250;
const NOTIFY_INTERVAL_MS = 500;

export interface ProgressChannel {
  report: (progress: ProgressReport) => void;
  /** Removes progress.json. */
  close: () => void;
}

/** How the status reaches systemd: through a descriptor set up by the unit, or not at all. */
export type NotifyRoute = { via: 'descriptor'; fd: number } | { via: 'none' };

/** Reads the route from the environment that the unit gives. A socket of systemd's alone is none: nothing is started to write to it. */
export function notifyRoute(env: NodeJS.ProcessEnv): NotifyRoute {
  const fd = Number(env['PIKIT_NOTIFY_FD'] ?? 'none');
  return Number.isInteger(fd) && fd > 2 ? { via: 'descriptor', fd } : { via: 'none' };
}

export function progressChannel(
  files: Pick<StateFiles, 'writeProgress' | 'removeProgress'>,
  facts: ProgressFacts,
  { route, now, tell }: { route: NotifyRoute; now: () => Date; tell: (progress: Progress) => void },
): ProgressChannel {
  let lastPhase = '';
  let lastFile = -Infinity;
  let lastNotify = -Infinity;
  return {
    report: (progress) => {
      const at = performance.now();
      const newPhase = progress.phase !== lastPhase;
      if (newPhase || at - lastFile >= FILE_INTERVAL_MS) {
        lastFile = at;
        try {
          const all = toProgress(facts, progress, now().toISOString());
          tell(all);
          files.writeProgress(all);
        } catch {
          // Safe to ignore: a full /run must not stop an update.
        }
      }
      if (route.via === 'descriptor' && (newPhase || at - lastNotify >= NOTIFY_INTERVAL_MS)) {
        lastNotify = at;
        try {
          fs.writeSync(route.fd, `STATUS=${statusLine(progress)}\n`);
        } catch {
          // Safe to ignore: the status line of a unit is a convenience, progress.json has the truth.
        }
      }
      lastPhase = progress.phase;
    },
    close: () => {
      try {
        files.removeProgress();
      } catch {
        // Safe to ignore: readers see the pid in it and know that it is over.
      }
    },
  };
}
