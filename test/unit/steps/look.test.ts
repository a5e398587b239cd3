import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Manifest } from '../../../lib/core/manifest.ts';
import { assertClock, survey, toAvailable, weigh } from '../../../lib/steps/look.ts';
import { sha256 } from '../../helpers/archive-builder.ts';
import { device, stepDeps } from '../../helpers/device.ts';
import { containing } from '../../helpers/matchers.ts';

function releaseWith(extra: object): { manifest: Manifest; bytes: Buffer; sha256: string } {
  const manifest = Manifest.parse({ version: '1.1.0', changelog: 'https://x/', files: [{ path: 'pikit-api.py', sha256: sha256('') }], ...extra });
  return { manifest, bytes: Buffer.from(''), sha256: sha256('') };
}

describe('survey', () => {
  it('is what configuration, choices, state and version file say', () => {
    const on = device();
    fs.writeFileSync(on.paths.version, '1.0.0\n');
    const deps = stepDeps(on);
    expect(survey(deps)).toMatchObject({ current: '1.0.0', branch: 'stable', settings: { auto: 'check' }, state: { schema: 1 } });
    expect(deps.said).toEqual([]);
  });

  it('knows from the state what is installed when the version file is damaged', () => {
    const on = device();
    on.files.writeState({ ...on.files.readState(), current: '1.0.0' });
    fs.writeFileSync(on.paths.version, '1.0\n');
    const deps = stepDeps(on);
    expect(survey(deps).current).toBe('1.0.0');
    expect(deps.said).toEqual([`warning: '${on.paths.version}' holds no version but '1.0', ignoring`]);
  });

  it('goes by the last known list, and says nothing: that is for whoever asks', () => {
    const on = device();
    on.files.writeSettings({ ...on.files.readSettings(), branch: 'beta' });
    const deps = stepDeps(on);
    expect(survey(deps).branch).toBe('stable');
    expect(deps.said).toEqual([]);
  });

  it('fails without a configuration', () => {
    const on = device();
    fs.rmSync(on.paths.config);
    expect(() => survey(stepDeps(on))).toThrow(expect.objectContaining({ code: 'CONFIG_MISSING', hint: containing('[source]') }));
  });
});

describe('weigh', () => {
  it('takes the wish to try a held version again from the file retry', () => {
    const on = device();
    const held = { version: '1.1.0', reason: 'failed' as const, code: null, message: 'no', at: '2026-11-22T10:00:00.000Z', attempts: 1 };
    on.files.writeState({ ...on.files.readState(), held: [held] });
    const deps = stepDeps(on);
    expect(weigh(deps, survey(deps), releaseWith({}), true).outcome).toBe('held');
    on.files.writeRetry('1.1.0');
    expect(weigh(deps, survey(deps), releaseWith({}), true).outcome).toBe('available');
    expect(weigh(deps, survey(deps), releaseWith({}), false).outcome).toBe('held');
  });

  it('never takes a release for signed while signatures are not verified', () => {
    const on = device();
    on.files.writeState({ ...on.files.readState(), unsigned: false });
    const deps = stepDeps(on);
    expect(weigh(deps, survey(deps), releaseWith({ post_install: [{ run: ['pikit-api.py'] }] }), true)).toMatchObject({ outcome: 'incompatible' });
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
