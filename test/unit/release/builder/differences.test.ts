import { expect, it } from 'vitest';
import type { Manifest } from '../../../../lib/core/release/manifest.ts';
import { parseManifest } from '../../../../lib/core/release/manifest.ts';
import { releaseDifferences } from '../../../../lib/release/builder/differences.ts';

const file = (path: string, more: object = {}): object => ({ path, sha256: 'a'.repeat(64), mode: '0644', ...more });
const manifest = (files: object[], more: object = {}): Manifest =>
  parseManifest(Buffer.from(JSON.stringify({ version: '1.0.0', changelog: '', files, ...more })));

it.each<[string, Manifest, string | null]>([
  ['nothing', manifest([file('a'), file('b')]), null],
  ['order', manifest([file('b'), file('a')]), null],
  ['content', manifest([file('a', { sha256: 'b'.repeat(64) }), file('b')]), "the content of 'a' differs"],
  ['mode', manifest([file('a', { mode: '0755' }), file('b')]), "the mode of 'a' is 0755, not 0644"],
  ['configuration', manifest([file('a', { config: true }), file('b')]), "'a' is given as configuration now"],
  ['notes', manifest([file('a'), file('b')], { notes: 'n' }), "'notes' differs"],
  ['many', manifest(['c', 'd', 'e', 'f'].map((path) => file(path))), "'a' is missing now, 'b' is missing now, 'c' is new and 3 more"],
])('tells %s', (_name, now, expected) => {
  expect(releaseDifferences(manifest([file('a'), file('b')]), now)).toBe(expected);
});
