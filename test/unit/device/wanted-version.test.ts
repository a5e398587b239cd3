import { describe, expect, it } from 'vitest';
import { assertIsThat, isOffered, wantVersion } from '../../../lib/device/wanted-version.ts';
import { available, cliDevice, receipt } from '../../helpers/cli-device.ts';

const HELD = { version: '1.4.0', reason: 'failed', code: null, message: 'it fell', at: '2026-11-20T09:00:00.000Z', attempts: 1 } as const;
const STAGED = { version: '1.3.0', branch: 'stable', manifest_sha256: 'b'.repeat(64), at: '2026-11-20T09:00:00.000Z' };

describe('isOffered', () => {
  it.each([
    ['nothing', {}, false],
    ['it', { available: available() }, true],
    ['another one', { available: available({ version: '1.5.0' }) }, false],
    ['it, with another one staged', { available: available(), staged: STAGED }, false],
    ['it, staged', { available: available(), staged: { ...STAGED, version: '1.4.0' } }, true],
  ])('with %s available', (_name, state, expected) => {
    const device = cliDevice();
    device.setState(state);
    expect(isOffered(device.deps.files.readState(), '1.4.0')).toBe(expected);
  });
});

describe('wantVersion', () => {
  it('leaves no mark for one that never failed', () => {
    const device = cliDevice();
    device.setState({ available: available() });
    expect(wantVersion(device.deps, '1.4.0')).toEqual({ heldBefore: false });
    expect(device.deps.files.readRetry()).toBeNull();
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
