/** An attacker in the API has the socket of its orders: what it sends that is no order does nothing, has a code, and ends. */
import fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORDER_MAX_BYTES } from '../../lib/core/device/orders.ts';
import type { CliDevice } from '../helpers/cli-device.ts';
import { cliDevice } from '../helpers/cli-device.ts';
import type { FakeSystemd } from '../helpers/fake-systemd.ts';
import { fakeSystemd, hasBus } from '../helpers/fake-systemd.ts';
import type { OrderGateway } from '../helpers/order-gateway.ts';
import { orderGateway } from '../helpers/order-gateway.ts';

const APPLY = '"order":"apply","version":null,"manifest_sha256":null';
const SHA = 'a'.repeat(64);
const CHECK = '{"order":"check"}';

/** What is sent, and the code of the answer. */
const NO_ORDERS: readonly (readonly [name: string, bytes: string | Buffer, code?: string])[] = [
  ['nothing', ''],
  ['a-line', '\n'],
  ['a-word', 'check'],
  ['a-text', '"check"'],
  ['a-list', `[${CHECK}]`],
  ['null', 'null'],
  ['a-number', '1e999'],
  ['half', '{"order":"che'],
  ['two', `${CHECK}\n${CHECK}\n`],
  ['two-in-a-line', `${CHECK}{"order":"rollback"}`],
  ['an-order-and-garbage', `${CHECK}\0\0`],
  ['twice-the-key', '{"order":"check","order":"rollback"}'],
  ['http', 'POST /api/update/check HTTP/1.1\r\nHost: localhost\r\n\r\n{}'],
  ['broken-utf8', Buffer.from('{"order":"dismiss","id":"\xff\xfe"}', 'latin1')],
  ['a-thousand-levels', `{"order":${'['.repeat(1000)}${']'.repeat(1000)}}`],
  ['random-bytes', Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7919) % 256))],
  ['65-KiB-of-spaces', ' '.repeat(65 * 1024), 'BODY_TOO_LARGE'],
  ['65-KiB-of-an-order', `{${APPLY},"replace":[${`{"path":"/a","sha256":"${SHA}"},`.repeat(900)}`, 'BODY_TOO_LARGE'],
  ['a-megabyte', 'x'.repeat(1024 * 1024), 'BODY_TOO_LARGE'],
  ['as-much-as-is-read', ' '.repeat(ORDER_MAX_BYTES)],
  ['no-order', '{}'],
  ['an-unknown-order', '{"order":"start","unit":"ssh.service"}'],
  ['a-method-of-systemd', '{"order":"StartUnit"}'],
  ['fetch', '{"order":"fetch"}'],
  ['recover', '{"order":"recover"}'],
  ['another-unit', '{"order":"check","unit":"nginx.service"}'],
  ['another-mode', '{"order":"check","mode":"flush"}'],
  ['a-prototype', '{"order":"check","__proto__":{"order":"rollback"}}'],
  ['only-a-prototype', '{"__proto__":{"order":"check"}}'],
  ['a-constructor', '{"order":"check","constructor":{"prototype":{"order":"rollback"}}}'],
  ['an-order-of-the-prototype', '{"order":"toString"}'],
  ['a-list-of-orders', '{"order":["check","rollback"]}'],
  ['a-number-for-an-order', '{"order":0}'],
  ['stop-rollback', '{"order":"stop","step":"rollback"}'],
  ['stop-the-api', '{"order":"stop","step":"api"}'],
  ['stop-by-a-path', '{"order":"stop","step":"check.service\\u0000/../ssh"}'],
  ['a-version-that-is-none', `{"order":"apply","version":"latest","manifest_sha256":null,"replace":[]}`],
  ['a-version-with-a-line', `{"order":"skip","version":"1.0.0\\n2.0.0"}`],
  ['a-long-version', `{"order":"skip","version":"1.0.0-${'9'.repeat(60_000)}"}`],
  ['a-huge-number', `{"order":"skip","version":1${'0'.repeat(300)}}`],
  ['a-number-of-10,000-digits', `{"order":"skip","version":${'9'.repeat(10_000)}}`],
  ['a-digest-without-version', `{"order":"apply","version":null,"manifest_sha256":"${SHA}","replace":[]}`],
  ['a-file-without-digest', `{${APPLY},"replace":["/etc/shadow"]}`],
  ['a-relative-file', `{${APPLY},"replace":[{"path":"../etc/shadow","sha256":"${SHA}"}]}`],
  ['a-text-for-files', `{${APPLY},"replace":"/etc/shadow"}`],
  ['auto-of-another-instance', '{"order":"auto","auto":"evil","time":null}'],
  ['auto-with-a-slash', '{"order":"auto","auto":"off/../../check","time":null}'],
  ['a-time-with-a-line', '{"order":"auto","auto":null,"time":"04:20\\nUnit=ssh.service"}'],
  ['a-branch-with-a-path', '{"order":"branch","name":"../../etc"}'],
  ['a-branch-that-is-none', '{"order":"branch","name":"nowhere"}', 'BRANCH_UNKNOWN'],
  ['a-version-that-is-not-offered', `{"order":"apply","version":"9.9.9","manifest_sha256":null,"replace":[]}`, 'NOT_FOUND'],
  ['a-notice-that-is-none', '{"order":"dismiss","id":"none"}', 'NOT_FOUND'],
];

describe.skipIf(!hasBus)('the gateway for orders (skipped without dbus-daemon)', () => {
  let fake: FakeSystemd;
  let gateway: OrderGateway;
  let device: CliDevice;

  beforeAll(async () => {
    fake = await fakeSystemd();
  });
  afterAll(async () => {
    await fake.stop();
  });

  /** Every file of the device, with its content; the lock is taken and let go. */
  const files = (): string[] =>
    fs
      .readdirSync(device.root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'pikit-update.lock')
      .map((entry) => `${entry.parentPath}/${entry.name} ${fs.readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8')}`)
      .sort();
  const withGateway = async (act: () => Promise<void>): Promise<void> => {
    device = cliDevice({ alive: false });
    gateway = await orderGateway(device.root);
    try {
      await act();
    } finally {
      await gateway.stop();
    }
  };
  const codeIn = (answer: string): unknown => /^\{"error":\{"code":"([A-Z_]+)","message":"[^\n]*\}\n$/.exec(answer)?.[1] ?? answer;

  it('does nothing for what is no order, and says so by a code', async () => {
    await withGateway(async () => {
      const before = files();
      const calls = fake.calls.length;
      for (const [name, bytes, code = 'REQUEST_INVALID'] of NO_ORDERS) {
        const began = performance.now();
        expect([name, codeIn(await gateway.send(bytes))]).toEqual([name, code]);
        expect(performance.now() - began, name).toBeLessThan(30_000);
      }
      expect(new Set(await gateway.settled())).toEqual(new Set([0]));
      expect(files()).toEqual(before);
      expect(fake.calls.slice(calls)).toEqual([]);
      expect(gateway.logged()).not.toMatch(/INTERNAL/);
    });
  });

  it.each([
    ['silence', ''],
    ['half an order', '{"order":"che'],
    ['an order without its end', CHECK],
  ])('does not wait for ever for the end of: %s', async (_name, bytes) => {
    await withGateway(async () => {
      const calls = fake.calls.length;
      expect(codeIn(await gateway.send(bytes, { end: false }))).toBe('DEADLINE');
      expect(await gateway.settled()).toEqual([0]);
      expect(fake.calls.slice(calls)).toEqual([]);
    });
  });

  it('does nothing for half an order of a client that has left', async () => {
    await withGateway(async () => {
      const calls = fake.calls.length;
      await gateway.send('{"order":"che', { leave: true });
      await gateway.send('', { leave: true });
      expect(await gateway.settled()).toEqual([0, 0]);
      expect(fake.calls.slice(calls)).toEqual([]);
    });
  });

  it('is for a device: in a folder, without a bus that was named, it touches no systemd', async () => {
    device = cliDevice({ alive: false });
    gateway = await orderGateway(device.root, { PATH: process.env['PATH'] });
    const answer = await gateway.send(CHECK);
    await gateway.stop();
    expect(codeIn(answer)).toBe('USAGE');
  });
});
