import { expect, it } from 'vitest';
import { metadataHead } from '../../../../lib/core/trust/metadata-head.ts';

const of = (value: unknown): unknown => metadataHead(Buffer.from(JSON.stringify(value)));

it('is the version, and when it was signed where it says so', () => {
  expect(of({ signed: { version: 3, _type: 'root' }, signatures: [] })).toEqual({ version: 3, signedAt: null });
  expect(of({ signed: { version: 7, 'x-pikit-signed-at': '2026-11-01T12:00:00.000Z' } })).toEqual({
    version: 7,
    signedAt: new Date('2026-11-01T12:00:00.000Z'),
  });
  expect(of({ signed: { version: 7, 'x-pikit-signed-at': 'tomorrow' } })).toEqual({ version: 7, signedAt: null });
});

it.each([
  ['nothing', null],
  ['garbage', Buffer.from('{"signed":')],
  ['no bytes', Buffer.alloc(0)],
])('is null for %s', (_name, bytes) => {
  expect(metadataHead(bytes)).toBeNull();
});

it.each([0, -1, 1.5, '3', null])('is null for the version %s', (version) => {
  expect(of({ signed: { version } })).toBeNull();
});
