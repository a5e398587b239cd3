import { expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { metadataError, utcTime, withTrustHint } from '../../../../lib/io/trust/metadata-errors.ts';
import { containing } from '../../../helpers/matchers.ts';

it('gives every code of signatures a hint that says what to do', () => {
  const codes = ['TRUST_INVALID', 'TRUST_DAMAGED', 'SIGNATURE_MISSING', 'SIGNATURE_INVALID', 'METADATA_INVALID', 'METADATA_ROLLBACK', 'METADATA_MISMATCH', 'METADATA_EXPIRED'] as const; // prettier-ignore
  for (const code of codes) expect(metadataError(code, 'x').hint, code).toMatch(/`sudo pikit-update trust|maintainer of the releases/);
  expect(metadataError('OFFLINE', 'x').hint).toBe(null);
});

it('adds a hint to what has none, and changes nothing else', () => {
  const bare = new UpdateError('METADATA_INVALID', 'x');
  expect(withTrustHint(bare)).toMatchObject({ code: 'METADATA_INVALID', message: 'x', cause: bare, hint: containing('no valid metadata') });
  const told = new UpdateError('METADATA_INVALID', 'x', { hint: 'y' });
  const defect = new TypeError('z');
  expect([withTrustHint(told), withTrustHint(defect)]).toEqual([told, defect]);
});

it('writes times as people read them', () => {
  expect(utcTime(new Date('2026-11-03T06:05:59.123Z'))).toBe('2026-11-03 06:05 UTC');
});
