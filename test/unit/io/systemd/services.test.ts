import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Services } from '../../../../lib/io/systemd/services.ts';
import { recordedServices, systemdServices } from '../../../../lib/io/systemd/services.ts';
import type { FakeSystemd } from '../../../helpers/fake-systemd.ts';
import { fakeSystemd, hasBus } from '../../../helpers/fake-systemd.ts';
import { folderOfTest } from '../../../helpers/temp.ts';
import { PATIENTLY } from '../../../helpers/wait.ts';

const API = 'pikit-api.service';
const WEB = 'dietpi-dashboard-frontend.service';
const now = () => new Date('2026-11-20T10:00:00Z');

let dir = '';
beforeEach(() => {
  dir = folderOfTest('services');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe.skipIf(!hasBus)('systemdServices (skipped without dbus-daemon)', () => {
  let fake: FakeSystemd;
  let services: Services;
  beforeEach(async () => {
    fake = await fakeSystemd();
    services = systemdServices(now);
    // What lastLines() asks is journalctl; here it is one that says the unit's last words.
    fs.writeFileSync(join(dir, 'journalctl'), '#!/bin/sh\necho "$@" > "$0.asked"\nprintf "Traceback:\\nboom\\n"\n', { mode: 0o755 });
    vi.stubEnv('PATH', `${dir}:${process.env['PATH'] ?? ''}`);
  });
  afterEach(async () => {
    services.close();
    await fake.stop();
  });

  function set(
    name: string,
    activeState: string,
    more: { load?: string; file?: string; type?: string; result?: string; restarts?: number; status?: number } = {},
  ): void {
    fake.units.set(name, {
      unit: { LoadState: ['s', more.load ?? 'loaded'], ActiveState: ['s', activeState], UnitFileState: ['s', more.file ?? 'disabled'] },
      service: {
        Type: ['s', more.type ?? 'simple'],
        Result: ['s', more.result ?? 'success'],
        NRestarts: ['u', more.restarts ?? 0],
        ExecMainStatus: ['i', more.status ?? 0],
      },
    });
  }
  const restarts = (): string[] => fake.calls.filter((call) => call.startsWith('RestartUnit'));

  it.each([
    ['runs', 'active', {}, true],
    ['has-failed', 'failed', {}, true],
    ['is-enabled', 'inactive', { file: 'enabled' }, true],
    ['was-stopped-by-the-owner', 'inactive', { file: 'disabled' }, false],
    ['is-not-there', 'inactive', { load: 'not-found' }, false],
    ['is-masked', 'active', { load: 'masked' }, false],
  ])('restarts a unit that %s', async (_name, state, more, expected) => {
    set(API, state, more);
    expect(await services.restart([API])).toEqual(expected ? [API] : []);
    expect(restarts()).toEqual(expected ? [`RestartUnit ${API} replace`] : []);
  });

  it('lets no start limit stand in the way: earlier starts are forgotten first', async () => {
    set(API, 'failed', { result: 'start-limit-hit' });
    await services.restart([API]);
    const asked = fake.calls.filter((call) => call.endsWith(API) || call.startsWith('RestartUnit'));
    expect(asked.slice(asked.indexOf(`ResetFailedUnit ${API}`)).at(1)).toBe(`RestartUnit ${API} replace`);
  });

  it('names the unit that does not start, with its last lines, and starts no other after it', async () => {
    set(API, 'failed', { result: 'exit-code', status: 3 });
    set(WEB, 'active');
    fake.job = () => 'failed';
    await expect(services.restart([API, WEB])).rejects.toMatchObject({
      code: 'SERVICE_FAILED',
      message: `'${API}' did not start (failed, exit-code, exit status 3)`,
      subject: API,
      hint: `journalctl -u ${API} -n 20 shows what it wrote`,
      lines: ['Traceback:', 'boom'],
    });
    expect(restarts()).toHaveLength(1);
    expect(fs.readFileSync(join(dir, 'journalctl.asked'), 'utf8')).toContain(`--since=@1795168800 --unit ${API}`);
  });

  it('is content with units that stand for the whole time', async () => {
    set(API, 'active');
    await services.restart([API]);
    await services.assertActive([API], 50, new AbortController().signal);
  });

  it('sees a unit fall while it watches', async () => {
    set(API, 'active');
    await services.restart([API]);
    const watch = services.assertActive([API], 60_000, new AbortController().signal);
    const failed = expect(watch).rejects.toMatchObject({
      code: 'SERVICE_FAILED',
      message: `'${API}' did not stay active: it is failed (dead, exit-code, exit status 1)`,
      lines: ['Traceback:', 'boom'],
    });
    await vi.waitUntil(() => fake.calls.filter((call) => call.startsWith('GetAll')).length >= 6, PATIENTLY);
    fake.change(API, {
      unit: { ActiveState: ['s', 'failed'], SubState: ['s', 'dead'] },
      service: { Result: ['s', 'exit-code'], ExecMainStatus: ['i', 1] },
    });
    await failed;
  });

  it('sees that systemd has started a unit again, though it is active', async () => {
    set(API, 'active');
    await services.restart([API]);
    set(API, 'active', { restarts: 1 });
    await expect(services.assertActive([API], 50, new AbortController().signal)).rejects.toMatchObject({ code: 'SERVICE_FAILED' });
  });

  it.each([
    ['oneshot that succeeded', 'oneshot', 'success', true],
    ['oneshot that failed', 'oneshot', 'exit-code', false],
    ['service that ended', 'simple', 'success', false],
  ])('judges a %s', async (_name, type, result, stands) => {
    set(API, 'inactive', { type, result });
    const watch = services.assertActive([API], 20, new AbortController().signal);
    if (stands) await expect(watch).resolves.toBeUndefined();
    else await expect(watch).rejects.toMatchObject({ code: 'SERVICE_FAILED' });
  });

  it('stops watching when it is told to', async () => {
    set(API, 'active');
    const stop = new AbortController();
    const watch = services.assertActive([API], 60_000, stop.signal);
    stop.abort();
    await expect(watch).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('leaves a web server alone that does not run', async () => {
    expect(await services.reloadWebServer()).toBeNull();
    expect(fake.calls.some((call) => call.startsWith('ReloadUnit'))).toBe(false);
  });

  it('says so when there is no systemd to ask', async () => {
    await fake.stop();
    await expect(services.restart([API])).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE' });
    fake = await fakeSystemd();
  });
});

describe('recordedServices', () => {
  it('writes down what would have been done', async () => {
    const file = join(dir, 'var/lib/pikit/service-actions.jsonl');
    const services = recordedServices(file, now);
    expect(await services.restart([API, WEB])).toEqual([API, WEB]);
    expect(await services.reloadWebServer()).toBeNull();
    await services.assertActive([API], 60_000, new AbortController().signal);
    services.close();
    const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { at: '2026-11-20T10:00:00.000Z', action: 'restart', unit: API },
      { at: '2026-11-20T10:00:00.000Z', action: 'restart', unit: WEB },
      { at: '2026-11-20T10:00:00.000Z', action: 'reload', unit: 'nginx.service' },
    ]);
  });

  it('keeps the newest when there are many', async () => {
    const file = join(dir, 'var/lib/pikit/service-actions.jsonl');
    const services = recordedServices(file, now);
    const line = (n: number): string => JSON.stringify({ at: '2026-11-20T10:00:00.000Z', action: 'restart', unit: `unit-${String(n)}.service` });
    fs.mkdirSync(dirname(file), { recursive: true });
    fs.writeFileSync(file, `${Array.from({ length: 1000 }, (_, n) => line(n)).join('\n')}\n`);
    await services.restart(['unit-1000.service', 'unit-1001.service']);
    const kept = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(kept).toEqual(Array.from({ length: 101 }, (_, n) => line(901 + n)));
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  });
});
