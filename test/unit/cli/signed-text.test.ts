import { expect, it } from 'vitest';
import { signedText } from '../../../lib/cli/signed-text.ts';

const NOW = new Date('2026-11-20T12:00:00.000Z');
const keys = [
  { fingerprint: 'SHA256:a', name: 'Ada' },
  { fingerprint: 'SHA256:b', name: null },
];

it.each([
  ['targets', '2026-12-21T12:00:00.000Z', /^signed by Ada, SHA256:b; expires in 31 days \(/],
  ['branch-nightly', '2026-12-21T12:00:00.000Z', /^signed by Ada, SHA256:b, for the branch nightly alone; expires in 31 days \(/],
  ['targets', '2026-11-18T12:00:00.000Z', /^signed by Ada, SHA256:b; expired 2 days ago \(/],
])('says of the role %s, until %s, until when it counts', (role, until, expected) => {
  expect(signedText({ role, keys, until }, NOW)).toMatch(expected);
});
