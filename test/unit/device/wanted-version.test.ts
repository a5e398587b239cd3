import { describe, expect, it } from 'vitest';
import { agree, agreeToNext, assertIsThat, withdraw } from '../../../lib/device/wanted-version.ts';
import { NOW, available, cliDevice, receipt } from '../../helpers/cli-device.ts';
import { wish } from '../../helpers/wish.ts';

const HELD = { version: '1.4.0', reason: 'failed', code: null, message: 'it fell', at: '2026-11-20T09:00:00.000Z', attempts: 1 } as const;
const TOOL = { path: '/usr/local/bin/tool', sha256: 'a'.repeat(64) };
/** The version, and no more. */
const ONE = { version: '1.4.0', sha256: null, replace: [] };

describe('agree', () => {
  it('writes down the version, and no second try for one that never failed', () => {
    const device = cliDevice();
    device.setState({ available: available() });
    expect(agree(device.deps, ONE)).toEqual({ heldBefore: false });
    expect(device.deps.files.readWanted()).toEqual(wish(NOW, { version: '1.4.0' }));
  });

  it('holds on to the very manifest that was confirmed, and refuses another one of the same version', () => {
    const device = cliDevice();
    const seen = available();
    device.setState({ available: seen });
    agree(device.deps, { ...ONE, sha256: seen.manifest_sha256 });
    expect(device.deps.files.readWanted()).toMatchObject({ manifest_sha256: seen.manifest_sha256 });
    expect(() => agree(device.deps, { ...ONE, sha256: 'f'.repeat(64) })).toThrow(expect.objectContaining({ code: 'RELEASE_CHANGED' }));
  });

  it('says what comes before a version that is further on the way', () => {
    const device = cliDevice();
    device.setState({ available: available({ version: '1.3.0', route: ['1.3.0', '1.4.0'] }) });
    expect(() => agree(device.deps, ONE)).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', hint: '`pikit-update apply` installs 1.3.0; 1.4.0 follows' }),
    );
  });

  it('does not say of a release that cannot be installed here that it would be', () => {
    const device = cliDevice();
    device.setState({ available: available({ version: '2.0.0', outcome: 'incompatible', reason: 'too new' }) });
    expect(() => agree(device.deps, ONE)).toThrow(expect.objectContaining({ hint: '`pikit-update rollback` rolls back to the previous release' }));
  });

  it.each([
    ['by the offer', { available: available({ outcome: 'held', reason: 'it fell' }) }],
    ['by the list', { available: available(), held: [HELD] }],
  ])('lets a held one be tried again: %s', (_name, state) => {
    const device = cliDevice();
    device.setState(state);
    expect(agree(device.deps, ONE)).toEqual({ heldBefore: true });
    expect(device.deps.files.readWanted()).toEqual(wish(NOW, { version: '1.4.0', retry: true }));
  });

  it('without a version is about files alone, and tries nothing again', () => {
    const device = cliDevice();
    device.setState({ available: available({ outcome: 'held', reason: 'it fell' }), held: [HELD] });
    agree(device.deps, { version: null, sha256: null, replace: [TOOL] });
    expect(device.deps.files.readWanted()).toEqual(wish(NOW, { replace: [TOOL] }));
  });

  it('is in place of what was before, also where it is about nothing, and can be taken back', () => {
    const device = cliDevice();
    const { files } = device.deps;
    device.setState({ available: available() });
    agree(device.deps, { ...ONE, replace: [TOOL] });
    agree(device.deps, ONE);
    expect(files.readWanted()?.replace).toEqual([]);
    agree(device.deps, { version: null, sha256: null, replace: [] });
    expect(files.readWanted()).toBeNull();
    agree(device.deps, ONE);
    withdraw(device.deps);
    expect(files.readWanted()).toBeNull();
  });

  it.each([
    [{ available: available({ version: '1.5.0' }) }, "1.4.0 is not available: the branch 'stable' offers 1.5.0"],
    [{}, "1.4.0 is not available: the branch 'stable' offers nothing newer"],
    [{ latest: '1.3.0' }, "1.4.0 is not available: the branch 'stable' offers nothing newer (its latest is 1.3.0)"],
  ])('is NOT_FOUND where it is not on offer: %j', (state, message) => {
    const device = cliDevice();
    device.setState(state);
    expect(() => agree(device.deps, ONE)).toThrow(expect.objectContaining({ code: 'NOT_FOUND', message }));
    expect(device.deps.files.readWanted()).toBeNull();
  });
});

describe('agreeToNext', () => {
  it('does not ask what is on offer, and lets the one that was named be tried again', () => {
    const device = cliDevice();
    device.setState({ available: null, held: [HELD] });
    agreeToNext(device.deps, { version: '1.4.0', replace: [TOOL] });
    expect(device.deps.files.readWanted()).toEqual(wish(NOW, { version: '1.4.0', retry: true, replace: [TOOL] }));
    agreeToNext(device.deps, { version: '1.5.0', replace: [] });
    expect(device.deps.files.readWanted()).toEqual(wish(NOW, { version: '1.5.0' }));
    agreeToNext(device.deps, { version: null, replace: [] });
    expect(device.deps.files.readWanted()).toBeNull();
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
