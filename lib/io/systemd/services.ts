/** The services of the dashboard: restarted after a change of files, and watched until they are known to stand. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { shellWord } from '../../core/command-line/shell-word.ts';
import { lstatOrNull, writeDurable } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import { run } from '../process/exec.ts';
import type { Systemd } from '../bus/systemd.ts';
import { connectSystemd } from '../bus/systemd.ts';
import type { UnitStatus } from './unit-status.ts';
import { isMeantToRun } from './unit-status.ts';
import { lastLines } from './journal-tail.ts';

export interface Services {
  /** What `restart` does, for the log: it only takes note where no manager runs. */
  restarts: 'restarted' | 'recorded: restart';
  /** Makes sure that the manager answers, before anything depends on it. Throws SYSTEMD_UNAVAILABLE. */
  connect: () => Promise<void>;
  /** Those among some units that exist and are meant to run; all of them where no manager can be asked. */
  meantToRun: (units: readonly string[]) => Promise<string[]>;
  /** Restarts those that exist and are meant to run. Returns their names; throws SERVICE_FAILED for one that does not start. */
  restart: (units: readonly string[]) => Promise<string[]>;
  /** Reloads nginx if it runs and its configuration is valid. Returns why it was left alone, or null. */
  reloadWebServer: () => Promise<string | null>;
  /** Resolves when all stood for `settleMs` without leaving the active state; throws SERVICE_FAILED with their last lines. */
  assertActive: (units: readonly string[], settleMs: number, signal: AbortSignal) => Promise<void>;
  close: () => void;
}

const JOB_TIMEOUT_MS = 90_000;
const NGINX = 'nginx.service';

/** The real thing: jobs and unit states over D-Bus. Connects on first use. */
export function systemdServices(now: () => Date): Services {
  let connection: Promise<Systemd> | null = null;
  const systemd = (): Promise<Systemd> => (connection ??= connectSystemd());
  const restartsBefore = new Map<string, number | null>();

  /** What it wrote is for root's own history only; other users are told where to look. */
  async function failure(unit: string, what: string, since: Date): Promise<UpdateError> {
    return new UpdateError('SERVICE_FAILED', `'${unit}' ${what}`, {
      hint: `journalctl -u ${shellWord(unit)} -n 20 shows what it wrote`,
      subject: unit,
      lines: await lastLines(unit, since),
    });
  }
  let since = now();

  return {
    restarts: 'restarted',
    connect: async () => {
      await systemd();
    },
    meantToRun: async (units) => {
      const bus = await systemd();
      const meant: string[] = [];
      for (const unit of units) if (isMeantToRun(await bus.unit(unit))) meant.push(unit);
      return meant;
    },
    restart: async (units) => {
      since = now();
      const bus = await systemd();
      const restarted: string[] = [];
      for (const unit of units) {
        if (!isMeantToRun(await bus.unit(unit))) continue;
        // An update that is tried, undone and tried again starts it more than five times in ten seconds, the limit of systemd:
        // the last one, with the old files, may not be refused.
        await bus.forgetFailures(unit);
        const result = await bus.job('RestartUnit', unit, JOB_TIMEOUT_MS);
        if (result !== 'done') throw await failure(unit, `did not start (${[result, ...endOf(await bus.unit(unit))].join(', ')})`, since);
        restartsBefore.set(unit, (await bus.unit(unit)).restarts);
        restarted.push(unit);
      }
      return restarted;
    },
    reloadWebServer: async () => {
      const bus = await systemd();
      if ((await bus.unit(NGINX)).activeState !== 'active') return null;
      const test = await run(['/usr/sbin/nginx', '-t', '-q'], { timeoutMs: 15_000 });
      if (test.exitCode !== 0) return `nginx -t failed: ${test.stderr.trim().slice(0, 300)}`;
      const result = await bus.job('ReloadUnit', NGINX, JOB_TIMEOUT_MS);
      return result === 'done' ? null : `the reload of ${NGINX} ended with '${result}'`;
    },
    assertActive: async (units, settleMs, signal) => {
      if (units.length === 0) return;
      const bus = await systemd();
      const fallen = async (): Promise<UnitStatus | null> => {
        for (const unit of units) {
          const facts = await bus.unit(unit);
          if (!stands(facts, restartsBefore.get(unit) ?? null)) return facts;
        }
        return null;
      };
      const down = await firstFall(bus, units, fallen, settleMs, signal);
      if (down !== null)
        throw await failure(down.name, `did not stay active: it is ${down.activeState} (${[down.subState, ...endOf(down)].join(', ')})`, since);
    },
    close: () => {
      connection?.then(
        (bus) => {
          bus.close();
        },
        () => undefined,
      );
      connection = null;
    },
  };
}

/** How it ended, as `systemctl status` has it. */
function endOf({ result, exitStatus }: UnitStatus): string[] {
  return [result ?? 'no result', ...(result === 'exit-code' && exitStatus !== null ? [`exit status ${String(exitStatus)}`] : [])];
}

/** Active, and not because systemd has already started it again. A oneshot that succeeded has done its work. */
function stands(facts: UnitStatus, restartsBefore: number | null): boolean {
  if (restartsBefore !== null && facts.restarts !== null && facts.restarts > restartsBefore) return false;
  if (facts.activeState === 'active' || facts.activeState === 'reloading') return true;
  return facts.type === 'oneshot' && facts.activeState === 'inactive' && facts.result === 'success';
}

/** Looks at once and after every change, for as long as it takes to be sure. */
async function firstFall(
  bus: Systemd,
  units: readonly string[],
  fallen: () => Promise<UnitStatus | null>,
  settleMs: number,
  signal: AbortSignal,
): Promise<UnitStatus | null> {
  let changed: (() => void) | null = null;
  for (const unit of units) {
    await bus.onChange(unit, () => {
      changed?.();
    });
  }
  const end = performance.now() + settleMs;
  for (;;) {
    const down = await fallen();
    const left = end - performance.now();
    if (down !== null || left <= 0) return down;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(new UpdateError('CANCELLED', 'cancelled during the health check'));
      };
      const timer = setTimeout(done, left);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        resolve();
      }
      changed = done;
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

const ACTIONS_MAX_BYTES = 64 * 1024;
const ACTIONS_KEEP = 100;

/**
 * `services.manager = "none"`: nothing is restarted, what would be is recorded as lines of JSON. Beyond 64 KiB only the
 * newest hundred are kept.
 */
export function recordedServices(file: string, now: () => Date): Services {
  const record = (action: string, unit: string): void => {
    mkdirDurable(dirname(file), 0o700);
    if ((lstatOrNull(file)?.size ?? 0) > ACTIONS_MAX_BYTES) {
      const newest = fs.readFileSync(file, 'utf8').split('\n').slice(-ACTIONS_KEEP);
      writeDurable(file, newest.join('\n'), { mode: 0o600 });
    }
    fs.appendFileSync(file, `${JSON.stringify({ at: now().toISOString(), action, unit })}\n`, { mode: 0o600 });
  };
  return {
    restarts: 'recorded: restart',
    connect: () => Promise.resolve(),
    meantToRun: (units) => Promise.resolve([...units]),
    restart: (units) => {
      for (const unit of units) record('restart', unit);
      return Promise.resolve([...units]);
    },
    reloadWebServer: () => {
      record('reload', NGINX);
      return Promise.resolve(null);
    },
    assertActive: () => Promise.resolve(),
    close: () => undefined,
  };
}
