import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../lib/core/device/config.ts';
import type { DecisionInputs } from '../../../../lib/core/offer/decide.ts';
import { cohortOf, decide, incompatibility, isHeld } from '../../../../lib/core/offer/decide.ts';
import type { Manifest } from '../../../../lib/core/release/manifest.ts';
import { parseManifest } from '../../../../lib/core/release/manifest.ts';
import type { HeldVersion } from '../../../../lib/core/device/state.ts';
import { Settings } from '../../../../lib/core/device/state.ts';
import { containing, matching } from '../../../helpers/matchers.ts';

function manifest(fields: Record<string, unknown> = {}): Manifest {
  const files = [{ path: 'pikit-api.py', sha256: 'a'.repeat(64) }];
  return parseManifest(Buffer.from(JSON.stringify({ version: '1.4.0', changelog: '', files, ...fields })));
}

function config(fields: Record<string, unknown> = {}): DecisionInputs['config'] {
  return parseConfig({ source: { type: 'static', url: 'https://updates.example.org/' }, ...fields }, 'update.toml');
}

function here(fields: Partial<DecisionInputs> = {}): DecisionInputs {
  return {
    current: '1.3.0',
    branch: 'stable',
    installedBranch: null,
    settings: Settings.parse({}),
    held: [],
    config: config(),
    arch: 'arm64',
    cohort: 50,
    signed: false,
    by: 'timer',
    retry: null,
    ...fields,
  };
}

function held(fields: Partial<HeldVersion> = {}): HeldVersion {
  return {
    version: '1.4.0',
    reason: 'failed',
    code: 'PROBE_FAILED',
    message: 'it did not answer',
    at: '2026-11-20T10:00:00Z',
    attempts: 1,
    ...fields,
  };
}

/** On stable again, with what the beta brought still installed. */
const LEFT = { current: '1.5.0-beta.1', branch: 'stable', installedBranch: 'beta' };
const SKIPPED = Settings.parse({ skipped_version: '1.4.0' });

describe('decide', () => {
  it.each<[string, Record<string, unknown>, Partial<DecisionInputs>, string, RegExp | null]>([
    ['newer', {}, {}, 'available', null],
    ['nothing-installed', {}, { current: null }, 'available', null],
    ['installed', {}, { current: '1.4.0' }, 'none', /^1\.4\.0 is installed$/],
    ['installed-with-other-build', { version: '1.4.0+b' }, { current: '1.4.0+a' }, 'none', /is installed$/],
    ['older', {}, { current: '1.5.0' }, 'none', /the newest release is 1\.4\.0, and 1\.5\.0 is installed/],
    ['pre-release-of-the-installed', { version: '1.3.0-rc.1' }, {}, 'none', /the newest release is 1\.3\.0-rc\.1/],
    ['release-of-the-installed-pre-release', {}, { current: '1.4.0-rc.1' }, 'available', null],
    ['ten-is-newer-than-nine', { version: '1.10.0' }, { current: '1.9.0' }, 'available', null],
    ['installed-and-incompatible', { requires: { arch: ['x64'] } }, { current: '1.4.0' }, 'none', /is installed/],

    [
      'needs-newer-first',
      { requires: { min_version: '1.3.1' } },
      {},
      'incompatible',
      /needs 1\.3\.1 to be installed first, and 1\.3\.0 is installed/,
    ],
    ['has-what-it-needs', { requires: { min_version: '1.3.0' } }, {}, 'available', null],
    ['first-installation-of-one-that-needs', { requires: { min_version: '1.3.0' } }, { current: null }, 'available', null],
    ['other-arch', { requires: { arch: ['x64', 'arm'] } }, {}, 'incompatible', /is for x64, arm, and this device is arm64/],
    ['no-arch', { requires: { arch: [] } }, {}, 'incompatible', /this device is arm64/],
    ['arch-alias', { requires: { arch: ['aarch64'] } }, {}, 'available', null],
    ['all-archs', { requires: { arch: ['all'] } }, { arch: 'riscv64' }, 'available', null],
    ['arch-constructor', { requires: { arch: ['constructor'] } }, {}, 'incompatible', /this device is arm64/],
    ['too-many-files', {}, { config: config({ limits: { files: 1 }, target: [{ from: 'a/', to: '/a/' }] }) }, 'incompatible', /no \[\[target\]\]/],
    ['not-covered', { files: [{ path: 'sudoers', sha256: 'a'.repeat(64) }] }, {}, 'incompatible', /'sudoers', which no \[\[target\]\]/],
    ['unknown-action', { post_install: [{ reboot: true }] }, {}, 'incompatible', /the action \{"reboot":true\}, which this updater does not know/],
    ['restart-of-a-listed-unit', { post_install: ['pikit-api'] }, {}, 'available', null],
    ['restart-of-an-allowed-unit', { post_install: ['x'] }, { config: config({ services: { allow: ['x.service'] } }) }, 'available', null],
    ['restart-of-ssh', { post_install: ['ssh'] }, {}, 'incompatible', /asks to restart 'ssh\.service', which services\.restart and services\.allow/],
    ['run-unsigned', { post_install: [{ run: ['pikit-api.py'] }] }, {}, 'incompatible', /asks to run 'pikit-api\.py', but releases are not signed/],
    ['run-signed', { post_install: [{ run: ['pikit-api.py'] }] }, { signed: true }, 'available', null],
    [
      'run-unsigned-allowed',
      { post_install: [{ run: ['pikit-api.py'] }] },
      { config: config({ post_install: { allow_unsigned: true } }) },
      'available',
      null,
    ],
    [
      'run-of-another-file',
      { post_install: [{ run: ['helpers/x'] }] },
      { signed: true },
      'incompatible',
      /'helpers\/x', which is not a file of the release/,
    ],
    ['incompatible-and-held', { requires: { arch: ['x64'] } }, { held: [held()] }, 'incompatible', /this device is arm64/],
    ['incompatible-by-hand', { requires: { arch: ['x64'] } }, { by: 'owner', retry: '1.4.0' }, 'incompatible', /this device is arm64/],

    ['failed-here', {}, { held: [held()] }, 'held', /it did not answer/],
    ['failed-here-asked-by-hand', {}, { held: [held()], by: 'owner' }, 'held', /failed here before/],
    ['failed-here-retried', {}, { held: [held()], retry: '1.4.0' }, 'available', null],
    ['failed-here-another-retried', {}, { held: [held()], retry: '1.3.9' }, 'held', /failed here before/],
    ['another-failed-here', {}, { held: [held({ version: '1.3.9' })] }, 'available', null],
    ['two-attempts', {}, { held: [held({ reason: 'attempts', attempts: 2 })] }, 'available', null],
    ['three-attempts', {}, { held: [held({ reason: 'attempts', attempts: 3 })] }, 'held', /failed here before/],
    ['held-and-skipped', {}, { held: [held()], settings: SKIPPED }, 'held', /failed here before/],

    ['skipped', {}, { settings: SKIPPED }, 'skipped', /you chose to skip 1\.4\.0/],
    ['skipped-asked-by-hand', {}, { settings: SKIPPED, by: 'owner' }, 'available', null],
    ['newer-than-the-skipped', { version: '1.4.1' }, { settings: SKIPPED }, 'available', null],

    ['not-its-turn', { rollout: { percent: 25 } }, {}, 'waiting', /goes to 25% of devices for now, and this device is in group 50/],
    ['not-its-turn-by-hand', { rollout: { percent: 25 } }, { by: 'owner' }, 'available', null],
    ['its-turn', { rollout: { percent: 51 } }, {}, 'available', null],
    ['just-not-its-turn', { rollout: { percent: 50 } }, {}, 'waiting', /group 50/],
    ['for-no-device', { rollout: { percent: 0 } }, { cohort: 0 }, 'waiting', /goes to 0%/],
    ['for-everybody', { rollout: { percent: 100 } }, { cohort: 99 }, 'available', null],
    ['fraction-of-a-percent', { rollout: { percent: 0.5 } }, { cohort: 0 }, 'available', null],

    ['older-on-a-branch', {}, { current: '1.5.0', branch: 'beta' }, 'available', /^it is older than 1\.5\.0, which is installed$/],
    ['back-to-stable', {}, LEFT, 'available', /^it is older than 1\.5\.0-beta\.1, which is installed from the branch 'beta'$/],
    ['back-to-stable-that-is-not-for-us', { requires: { arch: ['x64'] } }, LEFT, 'incompatible', /this device is arm64/],
    ['back-to-stable-that-failed-here', {}, { ...LEFT, held: [held()] }, 'held', /it did not answer/],
    ['back-to-stable-that-was-skipped', {}, { ...LEFT, settings: SKIPPED }, 'skipped', /you chose to skip/],
    ['back-to-stable-when-it-is-its-turn', { rollout: { percent: 50 } }, LEFT, 'waiting', /group 50/],
    ['promoted', {}, { current: '1.4.0-beta.3', installedBranch: 'beta' }, 'available', null],
    ['promoted-as-it-was', {}, { current: '1.4.0', installedBranch: 'beta' }, 'none', /^1\.4\.0 is installed$/],
  ])('%s', (_name, fields, circumstances, outcome, reason) => {
    const decision = decide(manifest(fields), here(circumstances));
    expect(decision.outcome).toBe(outcome);
    expect(decision.reason).toEqual(reason === null ? null : matching(reason));
  });
});

it.each<[string, Partial<DecisionInputs>, boolean]>([
  ['newer', {}, false],
  ['newer-on-a-branch', { branch: 'beta' }, false],
  ['older-on-a-branch', { branch: 'beta', current: '1.5.0' }, true],
  ['older-and-held', { branch: 'beta', current: '1.5.0', held: [held()] }, true],
])('marks what is older as a downgrade: %s', (_name, circumstances, downgrade) => {
  expect(decide(manifest(), here(circumstances))).toMatchObject({ downgrade });
});

describe('incompatibility', () => {
  it('counts files against the limit of the device', () => {
    const files = ['a', 'b', 'c'].map((name) => ({ path: `helpers/${name}`, sha256: 'a'.repeat(64) }));
    const limited = here({ config: config({ limits: { files: 2 } }) });
    expect(incompatibility(manifest({ files }), limited)).toMatchObject({
      reason: '1.4.0 has 3 files, limits.files allows 2',
      hint: containing('`files = 3` below [limits]'),
    });
    expect(incompatibility(manifest({ files: files.slice(1) }), limited)).toBeNull();
  });

  it('names two files that would be one on this device', () => {
    const files = ['pikit-api.py', 'helpers/pikit-api.py'].map((path) => ({ path, sha256: 'a'.repeat(64) }));
    expect(incompatibility(manifest({ files }), here())).toMatchObject({
      reason: matching(/would both be installed as '\/usr\/local\/bin\/pikit-api\.py'/),
    });
  });
});

describe('the hint of an incompatible release', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>, string]>([
    [
      'a-unit-that-is-not-allowed',
      { post_install: ['other'] },
      { services: { allow: ['first.service'] } },
      'set services.allow in \'/etc/pikit/update.toml\': `allow = ["first.service", "other.service"]` below [services]',
    ],
    ['commands-of-an-unsigned-release', { post_install: [{ run: ['pikit-api.py'] }] }, {}, '`allow_unsigned = true` below [post_install]'],
    ['too-large', { bundle: { name: 'b.tar.gz', size: 2_097_153 } }, { limits: { bundle_bytes: '1MiB' } }, '`bundle_bytes = "3MiB"` below [limits]'],
    [
      'no-target',
      { files: [{ path: 'extras/a/b', sha256: 'a'.repeat(64) }] },
      {},
      '`[[target]]`, `from = "extras/"`, `to = "/var/www/extras/"`; the three default targets',
    ],
    [
      'no-target-beside-targets-of-the-owner',
      { files: [{ path: 'tool.sh', sha256: 'a'.repeat(64) }] },
      { target: [{ from: 'x/', to: '/srv/x/' }] },
      '`from = "tool.sh"`, `to = "/usr/local/bin/tool.sh"`; covered now: x/',
    ],
    ['an-action-of-later-updaters', { post_install: [{ reboot: true }] }, {}, 'install a newer pikit-update'],
    ['another-computer', { requires: { arch: ['x64'] } }, {}, 'a release for arm64'],
  ])('says what to set: %s', (_name, fields, settings, hint) => {
    const decision = decide(manifest(fields), here({ config: config(settings) }));
    expect(decision).toMatchObject({ outcome: 'incompatible', hint: containing(hint) });
    expect(decision).not.toMatchObject({ hint: containing('publishes the releases') });
  });
});

describe('isHeld', () => {
  it.each([
    ['failed', 0, true],
    ['failed', 5, true],
    ['attempts', 0, false],
    ['attempts', 2, false],
    ['attempts', 3, true],
    ['attempts', 4, true],
    ['rolled-back', 9, false],
  ] as const)('%s after %i attempts: %s', (reason, attempts, answer) => {
    expect(isHeld(held({ reason, attempts }))).toBe(answer);
  });
});

describe('cohortOf', () => {
  it('stays the same for a device and a version', () => {
    expect(cohortOf('machine', '1.4.0')).toBe(cohortOf('machine', '1.4.0'));
    expect([cohortOf('a', '1.4.0'), cohortOf('b', '1.4.0'), cohortOf('a', '1.5.0')]).toEqual([4, 20, 43]);
  });

  it('does not mix up id and version', () => {
    expect(cohortOf('a1', '.4.0')).not.toBe(cohortOf('a', '1.4.0'));
  });

  it('spreads a fleet evenly over 100 groups', () => {
    const counts = new Map<number, number>();
    for (let device = 0; device < 10_000; device += 1) {
      const cohort = cohortOf(`machine-${String(device)}`, '1.4.0');
      counts.set(cohort, (counts.get(cohort) ?? 0) + 1);
    }
    expect([...counts.keys()].every((cohort) => Number.isInteger(cohort) && cohort >= 0 && cohort < 100)).toBe(true);
    expect([counts.size, Math.min(...counts.values()) > 60, Math.max(...counts.values()) < 140]).toEqual([100, true, true]);
  });
});
