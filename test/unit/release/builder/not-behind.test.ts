import { expect, it } from 'vitest';
import { assertNotBehind } from '../../../../lib/release/builder/not-behind.ts';

const manifest = (version: string, sequence: number, more: object = {}): Buffer =>
  Buffer.from(JSON.stringify({ version, sequence, changelog: '', files: [{ path: 'a', sha256: 'a'.repeat(64) }], ...more }));
const check = (ours: Buffer, theirs: Buffer | null) => () => {
  assertNotBehind('manifest.json', ours, theirs, '/to');
};

it.each<[string, Buffer | null]>([
  ['nothing', null],
  ['an-older-one', manifest('1.0.0', 1)],
  ['the-same', manifest('1.1.0', 2)],
  ['a-higher-version-of-before', manifest('2.0.0', 1)],
  ['one-without-a-number', Buffer.from(manifest('3.0.0', 9).toString().replace(',"sequence":9', ''))],
  ['unreadable', Buffer.from('{')],
])('publishes over %s', (_name, theirs) => {
  expect(check(manifest('1.1.0', 2), theirs)).not.toThrow();
});

it.each<[string, Buffer, string]>([
  ['a-later-one', manifest('1.0.0', 3), 'VERSION_NOT_NEWER'],
  ['one-made-apart', manifest('1.1.0', 2, { rollout: { percent: 5 } }), 'VERSION_NOT_NEWER'],
  ['another-bundle', manifest('1.1.0', 1, { bundle: { name: 'b.tar.gz', sha256: 'b'.repeat(64) } }), 'RELEASE_CHANGED'],
  ['a-later-schema', Buffer.from('{"schema":2}'), 'RELEASE_INCOMPATIBLE'],
])('refuses over %s', (_name, theirs, code) => {
  expect(check(manifest('1.1.0', 2), theirs)).toThrow(expect.objectContaining({ code }));
});
