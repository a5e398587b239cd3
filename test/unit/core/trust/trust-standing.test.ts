import { expect, it } from 'vitest';
import { trustStanding } from '../../../../lib/core/trust/trust-standing.ts';

const NOW = new Date('2026-11-20T12:00:00.000Z');
const GOOD = '2026-11-20T04:20:00.000Z';
const UNTIL = '2026-12-01T00:00:00.000Z';
const TRUST = { root: 1, timestamp: 3, good: GOOD, until: UNTIL, problem: null };
const problem = (code: string) => ({ code, message: 'what is wrong', hint: null });

it.each<[name: string, state: Parameters<typeof trustStanding>[0], expected: object]>([
  ['unsigned', { unsigned: true }, { is: 'unsigned' }],
  ['unsigned-again', { unsigned: true, trust: { ...TRUST, problem: problem('SIGNATURE_INVALID') } }, { is: 'unsigned' }],
  ['new', { unsigned: false }, { is: 'new' }],
  ['never-verified', { unsigned: false, trust: { ...TRUST, good: null, until: null } }, { is: 'new' }],
  ['good', { unsigned: false, trust: TRUST }, { is: 'good', good: new Date(GOOD), until: new Date(UNTIL) }],
  ['past-its-date', { unsigned: false, trust: { ...TRUST, until: NOW.toISOString() } }, { is: 'expired', good: new Date(GOOD), problem: null }],
  [
    'found-expired',
    { unsigned: false, trust: { ...TRUST, problem: problem('METADATA_EXPIRED') } },
    { is: 'expired', good: new Date(GOOD), problem: problem('METADATA_EXPIRED') },
  ],
  [
    'wrong-and-past',
    { unsigned: false, trust: { ...TRUST, until: GOOD, problem: problem('METADATA_ROLLBACK') } },
    { is: 'wrong', good: new Date(GOOD), problem: problem('METADATA_ROLLBACK') },
  ],
])('%s', (_name, state, expected) => {
  expect(trustStanding(state, NOW)).toEqual(expected);
});
