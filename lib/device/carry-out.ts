/** Root's side of an order: exactly one of a closed list is done, with units, verb and mode that are written here and nowhere else. */
import { UpdateError } from '../core/errors.ts';
import type { Order, OrderOutcome } from '../core/device/orders.ts';
import { explained } from '../io/systemd/reconnecting-units.ts';
import type { QueueJob } from '../io/bus/systemd.ts';
import { setAuto } from './auto.ts';
import { chooseBranch } from './choose-branch.ts';
import type { ReaderDeps } from './deps.ts';
import { dismissNotices } from './notices.ts';
import { agreedFirst, skipVersion } from './orders.ts';
import { unitOf } from './running.ts';
import { withdraw } from './wanted-version.ts';

export interface GatewayDeps extends ReaderDeps {
  /** Queues a job in mode `replace`, and does not wait for its end. */
  queue: QueueJob;
}

/**
 * Carries an order out to its end, whether or not the client still waits for it. A start or a stop is queued; its end is not waited
 * for. Throws what the same function throws on a shell as root, and SYSTEMD_UNAVAILABLE where systemd does not queue the job; what
 * was agreed to for an installation is taken back then.
 */
export async function carryOut(order: Order, deps: GatewayDeps): Promise<OrderOutcome> {
  switch (order.order) {
    case 'check':
    case 'rollback':
      return await queued(deps, 'StartUnit', order.order);
    case 'apply': {
      const { version, manifest_sha256: sha256, replace } = order;
      return await agreedFirst(deps, { version, sha256, replace }, async () => await queued(deps, 'StartUnit', 'apply'));
    }
    case 'stop':
      if (order.step === 'apply') withdraw(deps);
      return await queued(deps, 'StopUnit', order.step);
    case 'auto':
      await setAuto(deps, order);
      return DONE;
    case 'branch':
      await chooseBranch(deps, order.name);
      return DONE;
    case 'skip':
      await skipVersion(deps, order.version);
      return DONE;
    case 'dismiss':
      return { job: null, dismissed: await dismissNotices(deps, order.id) };
    default:
      return order satisfies never;
  }
}

const DONE: OrderOutcome = { job: null, dismissed: [] };

async function queued({ queue }: GatewayDeps, verb: 'StartUnit' | 'StopUnit', step: 'check' | 'fetch' | 'apply' | 'rollback'): Promise<OrderOutcome> {
  try {
    return { job: await queue(verb, unitOf(step)), dismissed: [] };
  } catch (error) {
    throw error instanceof UpdateError ? explained(error) : error;
  }
}
