/** What the HTTP API changes on a device: all of it, and nothing else. As root in a folder, by the gateway on a device (gateway-orders.ts). */
import { UpdateError } from '../core/errors.ts';
import type { Auto, Notice } from '../core/device/state.ts';
import type { JobResult } from '../io/systemd/unit-runner.ts';
import { setAuto } from './auto.ts';
import { chooseBranch } from './choose-branch.ts';
import type { ReaderDeps } from './deps.ts';
import { dismissNotices } from './notices.ts';
import type { Step } from './running.ts';
import { unitOf } from './running.ts';
import { changeSettings } from './settings.ts';
import type { Agreed } from './wanted-version.ts';
import { agree, withdraw } from './wanted-version.ts';

export interface Orders {
  /** Writes down what was agreed to and starts the installation; resolves at its end. When it cannot be started, nothing is agreed to. */
  apply: (agreed: Agreed) => Promise<JobResult>;
  /** Takes back what was agreed to for an installation that has not begun. */
  withdraw: () => Promise<void>;
  setAuto: (wish: { auto: Auto | null; time: string | null }) => Promise<void>;
  /** Throws BRANCH_UNKNOWN for one that the last check did not bring. */
  chooseBranch: (name: string) => Promise<void>;
  skip: (version: string | null) => Promise<void>;
  /** All notices when `id` is null; returns those that are gone. Throws NOT_FOUND, and BUSY while a step is running. */
  dismiss: (id: string | null) => Promise<Notice[]>;
}

/** Done by this process itself. */
export function directOrders(deps: ReaderDeps): Orders {
  return {
    apply: async (agreed) => await agreedFirst(deps, agreed, async () => await startStep(deps, 'apply')),
    withdraw: async () => {
      await Promise.resolve();
      withdraw(deps);
    },
    setAuto: async (wish) => {
      await setAuto(deps, wish);
    },
    chooseBranch: async (name) => {
      await chooseBranch(deps, name);
    },
    skip: async (version) => {
      await skipVersion(deps, version);
    },
    dismiss: async (id) => await dismissNotices(deps, id),
  };
}

/** The run of what `begin` starts is only for what was agreed to. */
export async function agreedFirst<T>(deps: ReaderDeps, agreed: Agreed, begin: () => Promise<T>): Promise<T> {
  try {
    agree(deps, agreed);
    return await begin();
  } catch (error) {
    withdraw(deps);
    throw error;
  }
}

/** Null: no version is passed over any more. */
export async function skipVersion(deps: ReaderDeps, version: string | null): Promise<void> {
  await changeSettings(deps, (now) => ({ ...now, skipped_version: version }), 'skip');
}

/** Starts the unit of a step, to its end. Throws SYSTEMD_UNAVAILABLE, also for a unit that is missing: its name is ours. */
export async function startStep(deps: ReaderDeps, step: Step): Promise<JobResult> {
  const units = await deps.units();
  try {
    return await units.start(unitOf(step));
  } catch (error) {
    if (!(error instanceof UpdateError) || error.code !== 'NOT_FOUND') throw error;
    throw new UpdateError('SYSTEMD_UNAVAILABLE', `failed to start '${unitOf(step)}': ${error.message}`, {
      hint: 'is the package pikit-update installed? `systemctl daemon-reload` makes new units known',
      cause: error,
    });
  }
}

/** Whether an installation that was asked for may still begin; false when systemd cannot be asked. */
export async function isApplyComing(deps: ReaderDeps): Promise<boolean> {
  try {
    const units = await deps.units();
    const { active, waiting } = await units.look(unitOf('apply'));
    return active || waiting;
  } catch {
    // Safe to ignore: the error that led here is the one to tell, and a held version can be asked for again.
    return false;
  }
}
