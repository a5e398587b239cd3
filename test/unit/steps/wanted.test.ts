import { describe, expect, it } from 'vitest';
import { assertWanted, readWanted } from '../../../lib/steps/wanted.ts';
import { NOW, device, netDeps } from '../../helpers/device.ts';

const SHA = 'a'.repeat(64);

describe('readWanted', () => {
  it.each([
    ['just-now', 0, true],
    ['ten-minutes-ago', 10 * 60_000, true],
    ['long-ago', 15 * 60_000, false],
    ['by-a-clock-that-was-set-back', -3600_000, false],
  ])('%s', (_name, ageMs, counts) => {
    const on = device();
    on.files.writeWanted({ version: '1.4.0', manifest_sha256: null, at: new Date(NOW.getTime() - ageMs).toISOString() });
    expect(readWanted(netDeps(on))?.version ?? null).toBe(counts ? '1.4.0' : null);
    expect(on.files.readWanted() === null).toBe(!counts);
  });

  it('is nothing where nothing was wanted', () => {
    expect(readWanted(netDeps(device()))).toBeNull();
  });
});

describe('assertWanted', () => {
  const wanted = (sha256: string | null) => ({ version: '1.4.0', manifest_sha256: sha256, at: NOW.toISOString() });

  it.each([
    ['no wish', null, { version: '1.5.0', sha256: SHA }],
    ['the version', wanted(null), { version: '1.4.0', sha256: SHA }],
    ['the very manifest', wanted(SHA), { version: '1.4.0', sha256: SHA }],
  ])('has nothing against %s', (_name, wish, found) => {
    expect(() => {
      assertWanted(wish, found, 'it');
    }).not.toThrow();
  });

  it.each([
    ['another version', wanted(null), { version: '1.5.0', sha256: SHA }],
    ['another manifest', wanted('b'.repeat(64)), { version: '1.4.0', sha256: SHA }],
    ['nothing', wanted(null), null],
  ])('refuses %s', (_name, wish, found) => {
    expect(() => {
      assertWanted(wish, found, 'what there is');
    }).toThrow(expect.objectContaining({ code: 'RELEASE_CHANGED' }));
  });
});
