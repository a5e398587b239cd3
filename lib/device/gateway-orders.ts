/** What the HTTP API changes on a device, ordered of root's gateway: this process has no right to any of it. */
import type { Order, OrderOutcome } from '../core/device/orders.ts';
import { STOPPABLE } from '../core/device/orders.ts';
import { UpdateError } from '../core/errors.ts';
import type { ReconnectingUnits } from '../io/systemd/reconnecting-units.ts';
import type { QueueJob } from '../io/bus/systemd.ts';
import type { Orders } from './orders.ts';
import { unitOf } from './running.ts';

/** Has one order carried out. Throws what the gateway answers, and SYSTEMD_UNAVAILABLE where it does not. */
export type AskGateway = (order: Order) => Promise<OrderOutcome>;

export function gatewayOrders(ask: AskGateway, units: Pick<ReconnectingUnits, 'startEnd'>): Orders {
  let settled: Promise<unknown> = Promise.resolve();

  /** Each of these orders is a process of its own: of two that are about the same, the one that came last is the one that stays. */
  async function inTurn(order: Order): Promise<OrderOutcome> {
    const mine = settled.then(async () => await ask(order));
    settled = mine.catch(() => undefined);
    return await mine;
  }

  return {
    apply: async ({ version, sha256, replace }) => {
      const order: Order = { order: 'apply', version, manifest_sha256: sha256, replace: [...replace] };
      return await units.startEnd(unitOf('apply'), async () => jobOf(await ask(order)));
    },
    withdraw: async () => {
      await ask({ order: 'stop', step: 'apply' });
    },
    setAuto: async ({ auto, time }) => {
      await inTurn({ order: 'auto', auto, time });
    },
    chooseBranch: async (name) => {
      await inTurn({ order: 'branch', name });
    },
    skip: async (version) => {
      await inTurn({ order: 'skip', version });
    },
    dismiss: async (id) => (await ask({ order: 'dismiss', id })).dismissed,
  };
}

/** For the units of a process that may not queue a job itself. Throws PERMISSION for what is none of the orders. */
export function queueByGateway(ask: AskGateway): QueueJob {
  return async (verb, unit) => {
    const order = orderOf(verb, unit);
    if (order !== null) return jobOf(await ask(order));
    throw new UpdateError('PERMISSION', `the gateway does not accept '${verb}' of '${unit}'`, { hint: 'run `systemctl` as root instead' });
  };
}

function orderOf(verb: Parameters<QueueJob>[0], unit: string): Order | null {
  if (verb === 'StartUnit' && unit === unitOf('check')) return { order: 'check' };
  if (verb === 'StartUnit' && unit === unitOf('rollback')) return { order: 'rollback' };
  const step = STOPPABLE.find((one) => unit === unitOf(one));
  return verb === 'StopUnit' && step !== undefined ? { order: 'stop', step } : null;
}

function jobOf({ job }: OrderOutcome): string {
  if (job !== null) return job;
  throw new UpdateError('INTERNAL', 'the gateway has queued no job for a start or a stop');
}
