import { expect, it } from 'vitest';
import { factsOf, sourceId } from '../../../lib/core/source-cache.ts';
import { sha256 } from '../../helpers/archive-builder.ts';

const CONFIG = { source: { type: 'static' as const, url: 'https://updates.example.org/pikit' } };
const BYTES = Buffer.from('[]');
const FACTS = {
  source: sourceId(CONFIG),
  url: 'https://updates.example.org/pikit/branches.json',
  etag: null,
  last_modified: null,
  sha256: sha256('[]'),
};

it('uses what belongs together', () => {
  expect(factsOf(Buffer.from(JSON.stringify(FACTS)), BYTES, CONFIG)).toEqual(FACTS);
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
