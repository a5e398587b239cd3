/** The routes on a device: reads its files, and has its orders carried out. No update work is done here. */
import type { CancelAnswer } from '../core/http-api/api-answers.ts';
import { UpdateError } from '../core/errors.ts';
import { readAuto } from '../device/auto.ts';
import { cancelRun } from '../device/cancel.ts';
import { chooseBranchNow } from '../device/choose-branch.ts';
import { seenNow } from '../device/confirm-replace.ts';
import type { ReaderDeps } from '../device/deps.ts';
import { readReceipts } from '../device/history.ts';
import type { KnownBranches } from '../device/known-branches.ts';
import { knownBranches } from '../device/known-branches.ts';
import type { Orders } from '../device/orders.ts';
import { directOrders, isApplyComing } from '../device/orders.ts';
import { sharedPlan } from '../device/plan.ts';
import { readStatus } from '../device/status.ts';
import { beginRun } from './begin-run.ts';
import { deviceChanges } from './changes.ts';
import type { Backend } from './deps.ts';

export function deviceBackend(deps: ReaderDeps, warn: (message: string) => void, orders: Orders = directOrders(deps)): Backend {
  const changes = deviceChanges(deps, warn);
  const silent = (): void => undefined;
  /** Settled when the timer is set: until then it has a time that is not the one of the settings. */
  let setting: Promise<unknown> = Promise.resolve();

  /** Changes a file only, so no caller waits for it. */
  async function told<T>(work: () => T | Promise<T>): Promise<T> {
    const done = await work();
    changes.tell();
    return done;
  }

  async function auto() {
    const { auto: choice, time, next } = await readAuto(deps);
    return { auto: choice, time, next_check: next?.toISOString() ?? null };
  }

  return {
    status: async () => await readStatus(deps),
    watch: changes.watch,
    check: async () => await beginRun(deps, changes, ['check']),
    apply: async (version, { sha256 = null, replace = [] } = {}) => {
      // Looked at here, without rights: root says nothing about a file that another user names.
      const seen = replace.flatMap((file) => (typeof file === 'string' ? seenNow(deps, [file]) : [file]));
      const agreed = { is: false };
      const start = async () => {
        agreed.is = true;
        try {
          return await orders.apply({ version, sha256, replace: seen });
        } catch (error) {
          agreed.is = false;
          throw error;
        }
      };
      try {
        return await beginRun(deps, changes, ['fetch', 'apply'], { start });
      } catch (error) {
        // Else the next start by hand would take up what was agreed to for this one. What others have agreed to stays.
        if (agreed.is && !(await isApplyComing(deps))) await orders.withdraw().catch(() => undefined);
        throw error;
      }
    },
    rollback: async () => await beginRun(deps, changes, ['rollback']),
    cancel: async (): Promise<CancelAnswer> => {
      const cancelled = await cancelRun(deps, silent);
      return { cancelled, result: cancelled.length === 0 ? null : deps.files.readState().last_result };
    },
    auto: async () => {
      await setting;
      return await auto();
    },
    setAuto: async (wish) => {
      if (wish.auto !== null || wish.time !== null) {
        const set = told(async () => {
          await orders.setAuto(wish);
        });
        setting = Promise.allSettled([setting, set]);
        await set;
      }
      return await auto();
    },
    branches: () => {
      const known = knownBranches(deps);
      const branches = known.branches.filter((one) => one.visible || one.selected);
      return Promise.resolve({ ...followed(known), branches, notices: deps.files.readState().notices });
    },
    branch: async (name) => {
      const chosen = await told(async () => await chooseBranchNow(deps, name, silent, orders.chooseBranch));
      if (chosen === 'interrupted') throw new UpdateError('CANCELLED', 'the API was stopped', { hint: 'send the request again' });
      const run = chosen === 'chosen' ? await beginRun(deps, changes, ['check']) : null;
      return { following: followed(knownBranches(deps)), run };
    },
    skip: async (version) =>
      await told(async () => {
        await orders.skip(version);
        return { skipped_version: version };
      }),
    dismiss: async (id) => await told(async () => ({ dismissed: await orders.dismiss(id) })),
    plan: sharedPlan(deps),
    history: (limit) => Promise.resolve({ history: readReceipts(deps).slice(-limit) }),
  };
}

function followed({ choice: { selected, used, why, message } }: KnownBranches) {
  return { selected, used, why, message };
}
