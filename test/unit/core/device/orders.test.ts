import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../../lib/core/json.ts';
import { ORDER_MAX_BYTES, Order, OrderAnswer } from '../../../../lib/core/device/orders.ts';

const SHA = 'a'.repeat(64);
const file = { path: '/usr/local/bin/tool', sha256: SHA };
const apply = { order: 'apply', version: null, manifest_sha256: null, replace: [] };

describe('Order', () => {
  it.each([
    { order: 'check' },
    { order: 'rollback' },
    apply,
    { ...apply, version: '1.4.0-beta.1', manifest_sha256: SHA, replace: [file] },
    { order: 'stop', step: 'check' },
    { order: 'stop', step: 'fetch' },
    { order: 'stop', step: 'apply' },
    { order: 'auto', auto: 'install', time: '04:20' },
    { order: 'auto', auto: null, time: null },
    { order: 'branch', name: 'beta' },
    { order: 'skip', version: null },
    { order: 'dismiss', id: 'n1' },
    { order: 'dismiss', id: null },
  ])('knows %j', (order) => {
    expect(Order.parse(order)).toEqual(order);
  });

  it.each([
    null,
    [],
    [{ order: 'check' }],
    {},
    { order: 'start', unit: 'ssh.service' },
    { order: 'check', mode: 'flush' },
    { order: 'check', unit: 'nginx.service' },
    { order: ['check'] },
    { order: 'stop', step: 'rollback' },
    { order: 'stop', step: 'recover' },
    { order: 'stop', step: 'gate@apply' },
    { order: 'stop' },
    { order: 'apply' },
    { ...apply, version: 'not a version' },
    { ...apply, version: 14 },
    { ...apply, version: `1.0.0-${'9'.repeat(100)}` },
    { ...apply, manifest_sha256: SHA },
    { ...apply, version: '1.0.0', manifest_sha256: SHA.toUpperCase() },
    { ...apply, replace: ['/etc/shadow'] },
    { ...apply, replace: [{ path: 'relative', sha256: SHA }] },
    { ...apply, replace: Array.from({ length: 1001 }, () => file) },
    { order: 'auto', auto: 'evil', time: null },
    { order: 'auto', auto: 'off/../x', time: null },
    { order: 'auto', auto: 'off', time: '25:00' },
    { order: 'auto', auto: 'off' },
    { order: 'branch', name: '../etc' },
    { order: 'branch', name: 'B' },
    { order: 'skip', version: 'x'.repeat(65) },
    { order: 'dismiss', id: '' },
    { order: 'dismiss', id: 1e308 },
  ])('refuses %j', (order) => {
    expect(Order.safeParse(order).success).toBe(false);
  });

  it('refuses a member that is called __proto__', () => {
    const text = '{"order":"check","__proto__":{"order":"rollback"}}';
    const limits = { what: 'the order', maxBytes: ORDER_MAX_BYTES, code: 'REQUEST_INVALID' } as const;
    expect(() => parseDocument(Buffer.from(text), Order, limits)).toThrow(/__proto__/);
  });
});

describe('OrderAnswer', () => {
  it('is an outcome or a failure, with a job of systemd and nothing that looks like one', () => {
    const ok = { job: '/org/freedesktop/systemd1/job/7', dismissed: [] };
    expect(OrderAnswer.parse({ ok })).toEqual({ ok });
    expect(OrderAnswer.safeParse({ ok: { ...ok, job: '/org/freedesktop/systemd1/unit/ssh' } }).success).toBe(false);
    expect(OrderAnswer.safeParse({ ok, error: { code: 'BUSY', message: 'm', hint: null } }).success).toBe(false);
    expect(OrderAnswer.safeParse({}).success).toBe(false);
  });
});
