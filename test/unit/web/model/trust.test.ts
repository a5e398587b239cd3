import { describe, expect, it } from 'vitest';
import { signersOf, trustOf } from '../../../../web/model/trust.ts';

const NOW_MS = Date.parse('2026-11-22T09:01:00.000Z');
const GOOD = '2026-11-22T04:20:03.000Z';
const TRUST = { root: 1, timestamp: 31, good: GOOD, until: '2026-12-06T06:00:00.000Z', problem: null };
const problem = (code: string) => ({ code, message: 'what is wrong', hint: 'what to do' });

describe('trustOf', () => {
  it.each<[name: string, status: Parameters<typeof trustOf>[0], expected: object]>([
    ['no root is trusted', { unsigned: true }, { is: 'unsigned' }],
    ['no root is trusted any more', { unsigned: true, trust: TRUST }, { is: 'unsigned' }],
    ['nothing was verified yet', { unsigned: false }, { is: 'good', until: null }],
    ['nothing was verified yet, and that is known', { unsigned: false, trust: null }, { is: 'good', until: null }],
    ['all is well', { unsigned: false, trust: TRUST }, { is: 'good', until: TRUST.until }],
    ['the date is past', { unsigned: false, trust: { ...TRUST, until: '2026-11-22T09:01:00.000Z' } }, { is: 'expired', good: GOOD, problem: null }],
    [
      'a check has found it expired',
      { unsigned: false, trust: { ...TRUST, problem: problem('METADATA_EXPIRED') } },
      { is: 'expired', good: GOOD, problem: problem('METADATA_EXPIRED') },
    ],
    [
      'it is wrong, and late as well',
      { unsigned: false, trust: { ...TRUST, until: GOOD, problem: problem('SIGNATURE_INVALID') } },
      { is: 'wrong', problem: problem('SIGNATURE_INVALID') },
    ],
  ])('%s', (_name, status, expected) => {
    expect(trustOf(status, NOW_MS)).toEqual(expected);
  });
});

it('names keys by their names, and by their fingerprints where they have none; what would turn the text is left out', () => {
  const keys = [
    { fingerprint: 'SHA256:a', name: 'Ada\u202e' },
    { fingerprint: 'SHA256:b', name: null },
  ];
  expect(signersOf(keys)).toBe('Ada, SHA256:b');
});
