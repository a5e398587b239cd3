import fs from 'node:fs';
import { basename, dirname } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import { stepBegun } from '../../../lib/core/run/run-record.ts';
import { stepReported } from '../../../lib/core/run/run-time.ts';
import { StatusAnswer } from '../../../lib/core/http-api/api-answers.ts';
import { readStatus } from '../../../lib/device/status.ts';
import { sha256 } from '../../helpers/archive-builder.ts';
import { NOW, PROGRESS, available, cliDevice, receipt } from '../../helpers/cli-device.ts';
import { cacheDocument } from '../../helpers/source-cache.ts';
import { stepStart } from '../../helpers/run-start.ts';
import { run } from '../api/a-run.ts';

const MEDIANS = { check: null, fetch: null, apply: null, rollback: null, recover: null };

it('has the eight names that every reader finds, progress from /run, and the run it belongs to', async () => {
  const device = cliDevice();
  device.setProgress({});
  device.deps.files.writeRunRecord(stepReported(stepBegun(null, stepStart('fetch')), PROGRESS, MEDIANS));
  device.looks.set('pikit-update-fetch.service', { active: true, invocation: 'fetch-1' });
  fs.writeFileSync(device.deps.paths.version, '1.3.0\n');
  expect(await readStatus(device.deps)).toMatchObject({
    schema: 1,
    current: '1.3.0',
    latest: null,
    branch: 'stable',
    last_check: null,
    last_result: null,
    progress: { step: 'fetch', percent: 45 },
    backup_path: null,
    settings: { auto: 'check', time: '04:20' },
    following: { selected: 'stable', used: 'stable' },
    rollback: { is: 'none' },
    run: { id: 'fetch-1', state: 'running', phase: 'downloading' },
  });
});

it.each([
  ['a process that is gone', false, true, null],
  ['a process of another program with the same number', true, false, null],
  ['a step that runs', true, true, 'fetch'],
])('a report of %s', async (_name, alive, active, step) => {
  const device = cliDevice({ alive });
  device.setProgress({});
  device.looks.set('pikit-update-fetch.service', { active });
  expect((await readStatus(device.deps)).progress?.step ?? null).toBe(step);
});

it('works without systemd', async () => {
  const device = cliDevice();
  device.setProgress({});
  const units = () => Promise.reject(new UpdateError('SYSTEMD_UNAVAILABLE', 'no bus'));
  expect(await readStatus({ ...device.deps, units })).toMatchObject({ progress: { step: 'fetch' }, run: null });
});

it('knows at once that a version is skipped, and that it is not any more', async () => {
  const device = cliDevice();
  const choose = (version: string | null): void => {
    device.deps.files.writeSettings({ ...device.deps.files.readSettings(), skipped_version: version });
  };
  device.setState({ available: available() });
  choose('1.4.0');
  expect((await readStatus(device.deps)).available).toMatchObject({ outcome: 'skipped', reason: 'you chose to skip 1.4.0' });
  device.setState({ available: available({ outcome: 'skipped', reason: 'you chose to skip 1.4.0' }) });
  choose(null);
  expect((await readStatus(device.deps)).available).toMatchObject({ outcome: 'available', reason: null });
});

it('has what a run wrote at its end together with that end', async () => {
  const device = cliDevice();
  device.setState({ latest: '1.0.0' });
  const status = await readStatus(device.deps, async () => {
    await Promise.resolve();
    device.setState({ latest: '2.0.0' });
    fs.writeFileSync(device.deps.paths.version, '2.0.0\n');
    return run({ state: 'ended' });
  });
  expect(status).toMatchObject({ latest: '2.0.0', current: '2.0.0', run: { state: 'ended' } });
});

const JOURNAL = '{}';

/** In the middle of an installation: the version file is replaced, and nothing is committed. */
function midWay({ isRunning }: { isRunning: boolean }): ReturnType<typeof cliDevice> {
  const device = cliDevice({ alive: isRunning });
  device.setState({ current: '1.2.0', latest: '1.3.0' });
  fs.writeFileSync(device.deps.paths.version, '1.3.0\n');
  fs.mkdirSync(dirname(device.deps.paths.journal), { recursive: true });
  fs.writeFileSync(device.deps.paths.journal, JOURNAL);
  return device;
}

it.each(['apply', 'rollback', 'recover'] as const)(
  'while %s is at work, what is installed is what was committed, and nothing is cut short',
  async (step) => {
    const device = midWay({ isRunning: true });
    device.setProgress({ step });
    device.looks.set(`pikit-update-${step}.service`, { active: true });
    const there = { is: 'there', path: '/var/backups/pikit/a', from: '1.2.0', to: '1.1.0', created: NOW.toISOString() } as const;
    expect(await readStatus(device.deps)).toMatchObject({ current: '1.2.0', rollback: { is: 'none' } });
    device.deps.files.writePublished({ schema: 1, version: '1.2.0', installed: null, rollback: there, history: [] });
    expect(await readStatus(device.deps)).toMatchObject({ current: '1.2.0', rollback: there });
  },
);

it('a step that begins after the look at the run is seen all the same', async () => {
  const device = midWay({ isRunning: true });
  const looks = [
    null,
    run({ state: 'running', steps: [{ step: 'apply', state: 'running', started: NOW.toISOString(), ended: null, outcome: null }] }),
  ];
  const status = await readStatus(device.deps, () => Promise.resolve(looks.shift() ?? null));
  expect(status).toMatchObject({ current: '1.2.0', rollback: { is: 'none' }, run: { state: 'running' } });
});

it('an update whose step is gone was interrupted', async () => {
  const device = midWay({ isRunning: false });
  device.setProgress({ step: 'apply' });
  expect(await readStatus(device.deps)).toMatchObject({ current: '1.3.0', rollback: { is: 'open' }, progress: null });
});

it('says what to set as long as no source is set, and nothing of it afterwards', async () => {
  const device = cliDevice();
  expect(await readStatus(device.deps)).not.toHaveProperty('setup');
  for (const text of ['', '#[source]\n#url = "https://x.example/"\n']) {
    fs.writeFileSync(device.deps.paths.config, text);
    const { setup } = await readStatus(device.deps);
    expect(setup?.hint).toMatch(/^set the source in '.*update\.toml': \[source\].*url = "https:/);
  }
  fs.rmSync(device.deps.paths.config);
  expect((await readStatus(device.deps)).setup?.hint).toMatch(/url = "https:/);
});

it('says who signed what is installed, where this device verifies signatures: as the API answers it', async () => {
  const { deps, setState } = cliDevice();
  const signed = { role: 'targets', keys: [{ fingerprint: 'SHA256:a', name: null }], until: '2026-12-01T00:00:00.000Z' };
  const trust = { root: 1, timestamp: 4, good: NOW.toISOString(), until: signed.until, problem: null };
  fs.writeFileSync(deps.paths.version, '1.4.0\n');
  const history = [receipt({ to: '1.4.0', signed })];
  deps.files.writePublished({ schema: 1, version: '1.4.0', installed: null, rollback: { is: 'none' }, history });
  expect(await readStatus(deps)).toMatchObject({ unsigned: true });
  expect(await readStatus(deps)).not.toHaveProperty('signed');
  fs.mkdirSync(dirname(deps.paths.trustRoot), { recursive: true });
  fs.writeFileSync(deps.paths.trustRoot, '{}');
  setState({ trust, available: available({ version: '1.5.0', signed }) });
  const status = await readStatus(deps);
  expect(StatusAnswer.parse(status)).toMatchObject({ unsigned: false, signed, trust, available: { signed } });
});

it('opens no manifest for it, however many branches there are', async () => {
  const device = cliDevice();
  cacheDocument(
    device.deps,
    'branches.json',
    Array.from({ length: 20 }, (_value, n) => ({ name: `b${String(n)}` })),
  );
  for (const name of ['manifest.json', ...Array.from({ length: 20 }, (_value, n) => `manifest_b${String(n)}.json`)]) {
    cacheDocument(device.deps, name, { version: '1.4.0', changelog: '', files: [{ path: 'pikit-api.py', sha256: sha256('') }] });
  }
  const opened = vi.spyOn(fs, 'openSync');
  onTestFinished(() => {
    opened.mockRestore();
  });
  expect(await readStatus(device.deps)).toMatchObject({ following: { selected: 'stable' } });
  const names = opened.mock.calls.map(([path]) => basename(String(path)));
  expect(names.filter((name) => name.startsWith('manifest'))).toEqual([]);
  // The list is, which shows that what is opened is seen here.
  expect(names).toContain('branches.json');
});
