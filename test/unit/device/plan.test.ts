import fs from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import { PlanSummary } from '../../../lib/core/device/plan-summary.ts';
import { readPlan, readPlanHere } from '../../../lib/device/plan.ts';
import { writePublicFacts } from '../../../lib/steps/outcome/write-public-facts.ts';
import { asAnotherUser } from '../../helpers/another-user.ts';
import { SILENT, cliDevice } from '../../helpers/cli-device.ts';
import { matching } from '../../helpers/matchers.ts';
import { plannedDevice } from '../../helpers/planned-device.ts';

describe('readPlan', () => {
  it('says why there is none', () => {
    const device = cliDevice();
    expect(readPlan(device.deps)).toEqual({ plan: null, reason: 'nothing is known yet; run `pikit-update check`' });
    device.setState({ last_check: '2026-11-20T09:00:00.000Z' });
    expect(readPlan(device.deps)).toEqual({ plan: null, reason: 'no release is available, so there is nothing to plan' });
  });

  it('is the whole of what an installation would do', () => {
    const { deps } = plannedDevice().device;
    const { plan, reason } = readPlan(deps);
    expect(reason).toBeNull();
    expect(PlanSummary.parse(plan)).toMatchObject({
      version: '1.4.0',
      from: '1.3.0',
      branch: 'stable',
      outcome: 'available',
      staged: false,
      download_bytes: 20_000,
      added: [
        { path: '/var/www/pikit-web/new.js', old_bytes: null, new_bytes: 4 },
        { path: '/var/www/pikit-web/settings.json.pikit-new', old_bytes: null, new_bytes: 16 },
      ],
      changed: [{ path: '/var/www/pikit-web/index.html', old_bytes: 12, new_bytes: 13 }],
      removed: [{ path: '/var/www/pikit-web/gone.js', old_bytes: 5, new_bytes: null }],
      edited: ['/var/www/pikit-web/index.html'],
      conflicts: ['/var/www/pikit-web/settings.json.pikit-new'],
      shadows: [],
      unrestarted: [],
      unchanged: 2,
      rooms: [{ needed_bytes: 4096 * (5 + 5 + 3) }],
      problem: null,
      restarts: ['pikit-api.service', 'other.service'],
      commands: ['pikit-api.py --migrate'],
    });
  });

  it('knows at once that the version is skipped', () => {
    const { deps } = plannedDevice().device;
    deps.files.writeSettings({ ...deps.files.readSettings(), skipped_version: '1.4.0' });
    expect(readPlan(deps)).toMatchObject({ plan: { outcome: 'skipped' }, reason: 'you chose to skip 1.4.0' });
  });

  it('needs no download for what is staged, and says what does not fit', () => {
    const { deps } = plannedDevice().device;
    const { available } = deps.files.readState();
    deps.files.writeStaged({
      version: '1.4.0',
      branch: 'stable',
      manifest_sha256: available?.manifest_sha256 ?? '',
      at: '2026-11-20T09:00:00.000Z',
    });
    const freeSpace = (path: string) => ({ ...deps.freeSpace(path), bytes: 4096 });
    expect(readPlan({ ...deps, freeSpace }).plan).toMatchObject({
      staged: true,
      download_bytes: 0,
      rooms: [{ needed_bytes: 4096 * 3, free_bytes: 4096 }],
      problem: { code: 'NO_SPACE', hint: matching(/free/) },
    });
  });

  it('fails when the manifest is not there any more', () => {
    const { deps } = plannedDevice().device;
    fs.rmSync(`${deps.paths.cacheDir}/source/manifest.json`);
    expect(() => readPlan(deps)).toThrow(expect.objectContaining({ code: 'RELEASE_CHANGED' }));
  });

  it('has none of a release that only later updaters understand', () => {
    const { deps } = plannedDevice().device;
    const { available, ...state } = deps.files.readState();
    if (available === null) throw new Error('nothing is planned');
    const later = { ...available, outcome: 'incompatible' as const, reason: 'it has schema 2', manifest_sha256: 'of another' };
    deps.files.writeState({ ...state, available: later });
    expect(readPlan(deps)).toEqual({ plan: null, reason: 'it has schema 2' });
  });

  it('names no service that will not be restarted, and all of them where systemd cannot be asked', async () => {
    const { deps } = plannedDevice().device;
    const runner = await deps.units();
    const asked = (units: typeof deps.units, manager: 'systemd' | 'none') => {
      const config = deps.loadConfig();
      return readPlanHere({ ...deps, units, loadConfig: () => ({ ...config, services: { ...config.services, manager } }) });
    };
    const restarts = async (known: ReturnType<typeof readPlanHere>) => (await known).plan?.restarts;
    const some = () => Promise.resolve({ ...runner, isMeantToRun: (unit: string) => Promise.resolve(unit === 'other.service') });
    expect(await restarts(asked(some, 'systemd'))).toEqual(['other.service']);
    const all = ['pikit-api.service', 'other.service'];
    expect(await restarts(asked(() => Promise.reject(new UpdateError('SYSTEMD_UNAVAILABLE', 'no bus')), 'systemd'))).toEqual(all);
    expect(await restarts(asked(some, 'none'))).toEqual(all);
  });

  it('changes nothing', () => {
    const { device } = plannedDevice();
    const tree = () => fs.readdirSync(device.root, { recursive: true, encoding: 'utf8' }).sort();
    const before = tree();
    readPlan(device.deps);
    expect(tree()).toEqual(before);
  });

  it.skipIf(process.getuid?.() !== 0)('is the same for others as for root, once root has published what it takes (needs root)', async () => {
    const { device } = plannedDevice();
    const deps = { ...device.deps, freeSpace: (path: string) => ({ ...device.deps.freeSpace(path), bytes: 1_000_000 }) };
    const asRoot = readPlan(deps);
    const readAsOther = () => asAnotherUser(device.root, () => readPlan(deps));
    expect((await readAsOther()).plan).toMatchObject({ removed: null, edited: null, conflicts: null });
    writePublicFacts({ ...device.deps, log: SILENT }, 'apply', null);
    expect(await readAsOther()).toEqual(asRoot);
  });
});

describe('signatures', () => {
  const signed = { role: 'targets', keys: [{ fingerprint: 'SHA256:a', name: 'Ada' }], until: '2026-12-01T00:00:00.000Z' };
  const trust = { root: 1, timestamp: 4, good: '2026-11-20T09:00:00.000Z', until: signed.until, problem: null };

  function signedDevice(change: object) {
    const { device } = plannedDevice();
    const { trustRoot } = device.deps.paths;
    fs.mkdirSync(dirname(trustRoot), { recursive: true });
    fs.writeFileSync(trustRoot, '{}');
    const { available } = device.deps.files.readState();
    device.setState({ trust: { ...trust, ...change }, available: available === null ? null : { ...available, signed } });
    return readPlan(device.deps).plan;
  }

  it('are part of the plan, and no problem where they hold', () => {
    expect(PlanSummary.parse(signedDevice({}))).toMatchObject({ signed, problem: null });
  });

  it('that do not hold are why nothing is installed', () => {
    const problem = { code: 'SIGNATURE_INVALID', message: 'signed by 0 of 1 keys', hint: 'ask' };
    expect(signedDevice({ problem })?.problem).toEqual(problem);
    expect(signedDevice({ until: '2026-11-20T11:59:59.000Z' })?.problem).toMatchObject({ code: 'METADATA_EXPIRED' });
  });
});
