import { describe, expect, it } from 'vitest';
import { assertIsThat, wantVersion } from '../../../lib/device/wanted-version.ts';
import { available, cliDevice, receipt } from '../../helpers/cli-device.ts';

const HELD = { version: '1.4.0', reason: 'failed', code: null, message: 'it fell', at: '2026-11-20T09:00:00.000Z', attempts: 1 } as const;

describe('wantVersion', () => {
  it('leaves no mark for one that never failed', () => {
    const device = cliDevice();
    device.setState({ available: available() });
    expect(wantVersion(device.deps, '1.4.0')).toEqual({ heldBefore: false });
    expect(device.deps.files.readRetry()).toBeNull();
    expect(device.deps.files.readWanted()).toEqual({ version: '1.4.0', manifest_sha256: null, at: '2026-11-20T12:00:00.000Z' });
  });

  it('holds on to the very manifest that was confirmed, and refuses another one of the same version', () => {
    const device = cliDevice();
    const seen = available();
    device.setState({ available: seen });
    wantVersion(device.deps, '1.4.0', seen.manifest_sha256);
    expect(device.deps.files.readWanted()).toMatchObject({ manifest_sha256: seen.manifest_sha256 });
    expect(() => wantVersion(device.deps, '1.4.0', 'f'.repeat(64))).toThrow(expect.objectContaining({ code: 'RELEASE_CHANGED' }));
  });

  it('says what comes before a version that is further on the way', () => {
    const device = cliDevice();
    device.setState({ available: available({ version: '1.3.0', route: ['1.3.0', '1.4.0'] }) });
    expect(() => wantVersion(device.deps, '1.4.0')).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', hint: '`pikit-update apply` installs 1.3.0; 1.4.0 follows' }),
    );
  });

  it('does not say of a release that cannot be installed here that it would be', () => {
    const device = cliDevice();
    device.setState({ available: available({ version: '2.0.0', outcome: 'incompatible', reason: 'too new' }) });
    expect(() => wantVersion(device.deps, '1.4.0')).toThrow(
      expect.objectContaining({ hint: '`pikit-update rollback` goes back to the release before' }),
    );
  });

  it('lets a held one be tried again, once', () => {
    const device = cliDevice();
    device.setState({ available: available({ outcome: 'held', reason: 'it fell' }), held: [HELD] });
    expect(wantVersion(device.deps, '1.4.0')).toEqual({ heldBefore: true });
    expect(device.deps.files.readRetry()).toBe('1.4.0');
  });

  it.each([
    [{ available: available({ version: '1.5.0' }) }, "1.4.0 is not on offer: the branch 'stable' offers 1.5.0"],
    [{}, "1.4.0 is not on offer: the branch 'stable' offers nothing that is newer"],
    [{ latest: '1.3.0' }, "1.4.0 is not on offer: the branch 'stable' offers nothing that is newer (its latest is 1.3.0)"],
  ])('is NOT_FOUND where it is not on offer: %j', (state, message) => {
    const device = cliDevice();
    device.setState(state);
    expect(() => wantVersion(device.deps, '1.4.0')).toThrow(expect.objectContaining({ code: 'NOT_FOUND', message }));
    expect(device.deps.files.readRetry()).toBeNull();
  });
});

describe('assertIsThat', () => {
  it('does not pass off another version as the wanted one', () => {
    expect(() => {
      assertIsThat('1.4.0', '1.4.1', receipt({}));
    }).toThrow(expect.objectContaining({ code: 'RELEASE_CHANGED' }));
  });

  it.each([
    ['it is that', '1.4.0', receipt({})],
    ['nothing was installed', '1.3.0', receipt({ outcome: 'nothing' })],
    ['nothing was told', '1.3.0', null],
  ])('has nothing to say where %s', (_name, installed, told) => {
    expect(() => {
      assertIsThat('1.4.0', installed, told);
    }).not.toThrow();
  });
});
