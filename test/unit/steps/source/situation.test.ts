import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Manifest } from '../../../../lib/core/release/manifest.ts';
import type { SignedBy } from '../../../../lib/core/trust/trust-state.ts';
import type { FoundRelease } from '../../../../lib/steps/source/release-source.ts';
import { assertClock, readSituation, toAvailable, decideFor } from '../../../../lib/steps/source/situation.ts';
import type { RunOrder } from '../../../../lib/steps/wanted.ts';
import { BY_TIMER } from '../../../../lib/steps/wanted.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { NOW, device, stepDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { tryAgain, wish } from '../../../helpers/wish.ts';
import { holdVersions } from '../published.ts';

function releaseWith(extra: object, signed: SignedBy | null = null): FoundRelease {
  const manifest = Manifest.parse({ version: '1.1.0', changelog: 'https://x/', files: [{ path: 'pikit-api.py', sha256: sha256('') }], ...extra });
  return { manifest, bytes: Buffer.from(''), sha256: sha256(''), signed };
}

describe('readSituation', () => {
  it('is what configuration, choices, state and version file say', () => {
    const on = device();
    fs.writeFileSync(on.paths.version, '1.0.0\n');
    const deps = stepDeps(on);
    expect(readSituation(deps)).toMatchObject({ current: '1.0.0', branch: 'stable', settings: { auto: 'check' }, state: { schema: 1 } });
    expect(deps.said).toEqual([]);
  });

  it('knows from the state what is installed when the version file is damaged', () => {
    const on = device();
    on.files.writeState({ ...on.files.readState(), current: '1.0.0' });
    fs.writeFileSync(on.paths.version, '1.0\n');
    const deps = stepDeps(on);
    expect(readSituation(deps).current).toBe('1.0.0');
    expect(deps.said).toEqual([`warning: ignoring '${on.paths.version}': it contains '1.0' instead of a version`]);
  });

  it('goes by the last known list, and logs nothing: that is for the caller', () => {
    const on = device();
    on.files.writeSettings({ ...on.files.readSettings(), branch: 'beta' });
    const deps = stepDeps(on);
    expect(readSituation(deps).branch).toBe('stable');
    expect(deps.said).toEqual([]);
  });

  it('fails without a configuration', () => {
    const on = device();
    fs.rmSync(on.paths.config);
    expect(() => readSituation(stepDeps(on))).toThrow(expect.objectContaining({ code: 'CONFIG_MISSING', hint: containing('[source]') }));
  });
});

describe('decideFor', () => {
  it('takes the wish to try a held version again from what the owner has agreed to', () => {
    const on = device();
    const held = { version: '1.1.0', reason: 'failed' as const, code: null, message: 'no', at: '2026-11-22T10:00:00.000Z', attempts: 1 };
    holdVersions(on, held);
    const deps = stepDeps(on);
    const outcome = (order: RunOrder): string => decideFor(deps, readSituation(deps), releaseWith({}), order).outcome;
    expect(outcome({ by: 'owner', wanted: null })).toBe('held');
    expect(outcome({ by: 'owner', wanted: tryAgain(NOW, '1.1.0') })).toBe('available');
    expect(outcome({ by: 'owner', wanted: wish(NOW, { version: '1.1.0' }) })).toBe('held');
    expect(outcome(BY_TIMER)).toBe('held');
  });

  it('takes a release for signed when this step has verified it, whatever the state says', () => {
    const on = device();
    on.files.writeState({ ...on.files.readState(), unsigned: false });
    const deps = stepDeps(on);
    const outcome = (signed: SignedBy | null): string =>
      decideFor(deps, readSituation(deps), releaseWith({ post_install: [{ run: ['pikit-api.py'] }] }, signed), { by: 'owner', wanted: null }).outcome;
    expect(outcome(null)).toBe('incompatible');
    expect(outcome({ role: 'targets', keys: [], until: '2027-01-01T00:00:00Z' })).toBe('available');
  });
});

describe('toAvailable', () => {
  const decision = { outcome: 'held' as const, reason: 'why', downgrade: false };

  it('counts what the manifest tells', () => {
    const files = [
      { path: 'pikit-api.py', sha256: sha256(''), size: 10 },
      { path: 'helpers/x', sha256: sha256(''), size: 5 },
    ];
    const release = releaseWith({ files, bundle: { name: 'b', size: 7, sha256: sha256('') }, released: '2026-11-20T10:00:00Z', notes: 'n' });
    expect(toAvailable(release, decision, 'stable')).toEqual({
      version: '1.1.0',
      branch: 'stable',
      outcome: 'held',
      reason: 'why',
      hint: null,
      downgrade: false,
      manifest_sha256: release.sha256,
      released: '2026-11-20T10:00:00Z',
      changelog: 'https://x/',
      notes: 'n',
      files: 2,
      bundle_bytes: 7,
      tree_bytes: 15,
    });
  });

  it('is null where the manifest says nothing', () => {
    expect(toAvailable(releaseWith({}), decision, 'stable')).toMatchObject({ released: null, bundle_bytes: null, tree_bytes: null, notes: '' });
  });
});

describe('assertClock', () => {
  it.each(['1970-01-01T00:00:00Z', '2019-02-03T00:00:00Z', '2026-10-31T23:59:59.999Z'])('refuses %s, and says what the clock says', (time) => {
    expect(() => {
      assertClock(new Date(time));
    }).toThrow(expect.objectContaining({ code: 'CLOCK_WRONG', message: containing(new Date(time).toISOString()), hint: containing('timedatectl') }));
  });

  it('takes any later time', () => {
    assertClock(new Date('2026-11-01T00:00:00Z'));
    assertClock(new Date('2099-01-01T00:00:00Z'));
  });
});
