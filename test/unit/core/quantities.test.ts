import { describe, expect, it } from 'vitest';
import { counted, formatBytes, parseDurationMs, parseSizeBytes } from '../../../lib/core/quantities.ts';

describe('parseSizeBytes', () => {
  it.each([
    ['0', 0],
    ['2048', 2048],
    ['1B', 1],
    ['64KiB', 65_536],
    ['1.5 MiB', 1_572_864],
    [' 512MiB ', 536_870_912],
    ['2GiB', 2_147_483_648],
    ['1KB', 1000],
    ['1MB', 1_000_000],
    ['1GB', 1_000_000_000],
    ['0.3B', 0],
  ])('%j is %i bytes', (text, bytes) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });

  it.each(['', 'MiB', '-1', '+1', '1.', '.5', '1e3', '0x10', '1kib', '1 TiB', '1,5MiB', '5 constructor', 'Infinity', 'NaN'])('%j is none', (text) => {
    expect(parseSizeBytes(text)).toBeNull();
  });
});

describe('parseDurationMs', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5 s', 1500],
    ['10min', 600_000],
    [' 1h ', 3_600_000],
    ['0s', 0],
    ['0.4ms', 0],
  ])('%j is %i ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each(['', '30', 's', '-1s', '1m', '1d', '1h30min', '1e3s', 'forever'])('%j is none', (text) => {
    expect(parseDurationMs(text)).toBeNull();
  });
});

it('counts', () => {
  expect([counted(1, 'file'), counted(0, 'file'), counted(2, 'branch', 'branches')]).toEqual(['1 file', '0 files', '2 branches']);
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [812, '812 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1_315_593, '1.3 MiB'],
    [1024 * 1024 - 1, '1.0 MiB'],
    [1024 ** 3 - 1, '1.0 GiB'],
    [1024 ** 2, '1.0 MiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
    [5000 * 1024 ** 3, '5000.0 GiB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
