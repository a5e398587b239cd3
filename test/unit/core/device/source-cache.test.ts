import { expect, it } from 'vitest';
import { factsOf, sourceId } from '../../../../lib/core/device/source-cache.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';

const CONFIG = { source: { type: 'static' as const, url: 'https://updates.example.org/pikit' } };
const BYTES = Buffer.from('[]');
const FACTS = {
  source: sourceId(CONFIG),
  url: 'https://updates.example.org/pikit/branches.json',
  etag: null,
  last_modified: null,
  sha256: sha256('[]'),
  full_at: '2026-11-22T10:00:00.000Z',
  until: '2026-11-22T22:00:00.000Z',
};

it('uses what belongs together', () => {
  expect(factsOf(Buffer.from(JSON.stringify(FACTS)), BYTES, CONFIG)).toEqual(FACTS);
});

it('reads what an earlier version wrote, which did not know when it was asked in full', () => {
  const before = { ...FACTS, full_at: undefined, until: undefined };
  expect(factsOf(Buffer.from(JSON.stringify(before)), BYTES, CONFIG)).toEqual({ ...FACTS, full_at: null, until: null });
});

it.each([
  ['no-json', '{'],
  ['empty', ''],
  ['no-object', '1'],
  ['missing-key', JSON.stringify({ ...FACTS, url: undefined })],
  ['unknown-key', JSON.stringify({ ...FACTS, more: 1 })],
  ['other-bytes', JSON.stringify({ ...FACTS, sha256: sha256('[ ]') })],
  ['etag-that-no-header-can-have', JSON.stringify({ ...FACTS, etag: '"a\uFFFDb"' })],
  ['date-that-no-header-can-have', JSON.stringify({ ...FACTS, last_modified: 'a\nb' })],
  ['other-source', JSON.stringify({ ...FACTS, source: 'static https://elsewhere.example.org/' })],
])('uses nothing that is damaged or of another source: %s', (_name, meta) => {
  expect(factsOf(Buffer.from(meta), BYTES, CONFIG)).toBeNull();
});
