import { describe, expect, it } from 'vitest';
import type { Order, OrderOutcome } from '../../../lib/core/device/orders.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import type { AskGateway } from '../../../lib/device/gateway-orders.ts';
import { gatewayOrders, queueByGateway } from '../../../lib/device/gateway-orders.ts';
import type { ReconnectingUnits } from '../../../lib/io/systemd/reconnecting-units.ts';
import { gate } from '../../helpers/release-server.ts';

const JOB = '/org/freedesktop/systemd1/job/7';
const DONE: OrderOutcome = { job: null, dismissed: [] };
const units: Pick<ReconnectingUnits, 'startEnd'> = {
  startEnd: async (unit, queue) => (`${unit} ${await queue()}` === `pikit-update-apply.service ${JOB}` ? 'done' : 'failed'),
};

function asked(answer: (order: Order) => OrderOutcome | Promise<OrderOutcome> = () => DONE): { ask: AskGateway; orders: Order[] } {
  const orders: Order[] = [];
  return {
    orders,
    ask: async (order) => {
      orders.push(order);
      return await answer(order);
    },
  };
}

describe('gatewayOrders', () => {
  it('orders each thing in the words of the gateway', async () => {
    const notice = { id: 'n1', message: 'm', at: '2026-11-20T10:00:00.000Z' };
    const { ask, orders } = asked(({ order }) => (order === 'apply' ? { ...DONE, job: JOB } : { ...DONE, dismissed: [notice] }));
    const made = gatewayOrders(ask, units);
    const seen = { path: '/usr/local/bin/tool', sha256: 'a'.repeat(64) };
    expect(await made.apply({ version: '1.4.0', sha256: 'b'.repeat(64), replace: [seen] })).toBe('done');
    await made.withdraw();
    await made.setAuto({ auto: 'off', time: null });
    await made.chooseBranch('beta');
    await made.skip(null);
    expect(await made.dismiss('n1')).toEqual([notice]);
    expect(orders).toEqual([
      { order: 'apply', version: '1.4.0', manifest_sha256: 'b'.repeat(64), replace: [seen] },
      { order: 'stop', step: 'apply' },
      { order: 'auto', auto: 'off', time: null },
      { order: 'branch', name: 'beta' },
      { order: 'skip', version: null },
      { order: 'dismiss', id: 'n1' },
    ]);
  });

  it('has one process at a time write the settings, also after one that failed', async () => {
    const first = gate();
    const { ask, orders } = asked(async ({ order }) => {
      if (order === 'auto') await first.opened;
      if (order === 'auto') throw new UpdateError('STEP_FAILED', 'no');
      return DONE;
    });
    const made = gatewayOrders(ask, units);
    const auto = expect(made.setAuto({ auto: 'off', time: null })).rejects.toMatchObject({ code: 'STEP_FAILED' });
    const skip = made.skip('1.0.0');
    await made.dismiss(null);
    expect(orders.map(({ order }) => order)).toEqual(['dismiss', 'auto']);
    first.open();
    await auto;
    await skip;
    expect(orders.map(({ order }) => order)).toEqual(['dismiss', 'auto', 'skip']);
  });

  it('does not take an answer without a job for a start', async () => {
    await expect(gatewayOrders(asked().ask, units).apply({ version: null, sha256: null, replace: [] })).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('queueByGateway', () => {
  it.each([
    ['StartUnit', 'check', { order: 'check' }],
    ['StartUnit', 'rollback', { order: 'rollback' }],
    ['StopUnit', 'check', { order: 'stop', step: 'check' }],
    ['StopUnit', 'fetch', { order: 'stop', step: 'fetch' }],
    ['StopUnit', 'apply', { order: 'stop', step: 'apply' }],
  ] as const)('%s of %s is an order', async (verb, step, order) => {
    const { ask, orders } = asked(() => ({ ...DONE, job: JOB }));
    expect(await queueByGateway(ask)(verb, `pikit-update-${step}.service`)).toBe(JOB);
    expect(orders).toEqual([order]);
  });

  it.each([
    ['StartUnit', 'pikit-update-apply.service'],
    ['StartUnit', 'pikit-update-fetch.service'],
    ['StopUnit', 'pikit-update-rollback.service'],
    ['RestartUnit', 'pikit-update-check.service'],
    ['ReloadUnit', 'nginx.service'],
  ] as const)('%s of %s is none', async (verb, unit) => {
    const { ask, orders } = asked();
    await expect(queueByGateway(ask)(verb, unit)).rejects.toMatchObject({ code: 'PERMISSION' });
    expect(orders).toEqual([]);
  });
});
