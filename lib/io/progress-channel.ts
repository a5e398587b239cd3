/**
 * Progress goes two ways: progress.json says what is being done, and `systemd-notify --status` tells D-Bus that it changed.
 * Both are lossy and throttled; neither may fail a step.
 */
import fs from 'node:fs';
import type { ProgressReport, RunFacts } from '../core/progress.ts';
import { statusLine, toProgress } from '../core/progress.ts';
import { run } from './exec.ts';
import type { StateFiles } from './state-file.ts';

const FILE_INTERVAL_MS = 250;
const NOTIFY_INTERVAL_MS = 500;

export interface ProgressChannel {
  report: (progress: ProgressReport) => void;
  /** Waits for what is on its way to systemd, and removes progress.json. */
  close: () => Promise<void>;
}

/** How the status reaches systemd: through a descriptor set up by the unit, through systemd-notify(1), or not at all. */
export type NotifyRoute = { via: 'descriptor'; fd: number } | { via: 'command' } | { via: 'none' };

/** Reads the route from the environment that the unit gives. */
export function notifyRoute(env: NodeJS.ProcessEnv): NotifyRoute {
  const fd = Number(env['PIKIT_NOTIFY_FD'] ?? 'none');
  if (Number.isInteger(fd) && fd > 2) return { via: 'descriptor', fd };
  return (env['NOTIFY_SOCKET'] ?? '') === '' ? { via: 'none' } : { via: 'command' };
}

export function progressChannel(files: StateFiles, facts: RunFacts, route: NotifyRoute, now: () => Date): ProgressChannel {
  let lastPhase = '';
  let lastFile = -Infinity;
  let lastNotify = -Infinity;
  let sending: Promise<void> = Promise.resolve();
  const send = (text: string): void => {
    if (route.via === 'descriptor') {
      try {
        fs.writeSync(route.fd, `STATUS=${text}\n`);
      } catch {
        // Safe to ignore, as below.
      }
      return;
    }
    sending = run(['systemd-notify', `--status=${text}`], { timeoutMs: 5000 }).then(
      () => undefined,
      () => undefined, // Safe to ignore: the status line of a unit is a convenience, progress.json has the truth.
    );
  };
  return {
    report: (progress) => {
      const at = performance.now();
      const newPhase = progress.phase !== lastPhase;
      if (newPhase || at - lastFile >= FILE_INTERVAL_MS) {
        lastFile = at;
        try {
          files.writeProgress(toProgress(facts, progress, now().toISOString()));
        } catch {
          // Safe to ignore: a full /run must not stop an update.
        }
      }
      if (route.via !== 'none' && (newPhase || at - lastNotify >= NOTIFY_INTERVAL_MS)) {
        lastNotify = at;
        send(statusLine(progress));
      }
      lastPhase = progress.phase;
    },
    close: async () => {
      await sending;
      try {
        files.removeProgress();
      } catch {
        // Safe to ignore: readers see the pid in it and know that it is over.
      }
    },
  };
}
