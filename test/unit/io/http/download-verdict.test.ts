import { expect, it } from 'vitest';
import { accept, tooLarge } from '../../../../lib/io/http/download-verdict.ts';
import type { DownloadRequest } from '../../../../lib/io/http/download-request.ts';
import { BUNDLE, DONE, downloadBed } from '../../../helpers/download-bed.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { matching } from '../../../helpers/matchers.ts';

const bed = downloadBed();

function options(given: Partial<DownloadRequest> = {}): DownloadRequest {
  return {
    what: 'the bundle',
    file: `${bed.dir()}/bundle`,
    sizeBytes: BUNDLE.length,
    sha256: sha256(BUNDLE),
    maxBytes: 5,
    deadlineMs: 1,
    minRate: 0,
    maxRate: 0,
    signal: new AbortController().signal,
    userAgent: 'x',
    onProgress: () => undefined,
    ...given,
  };
}

it('keeps what is right, and removes what is wrong', () => {
  bed.leavePartial(BUNDLE, null);
  accept(`${bed.dir()}/bundle.partial`, sha256(BUNDLE), options());
  expect(bed.files()).toEqual(DONE);
  bed.leavePartial(BUNDLE, null);
  expect(() => {
    accept(`${bed.dir()}/bundle.partial`, sha256('x'), options());
  }).toThrow(expect.objectContaining({ code: 'DIGEST_MISMATCH', message: matching(`expected ${sha256(BUNDLE)}, got ${sha256('x')}`) }));
  expect(bed.files()).toEqual(DONE);
});

it.each([
  ['known', options({ file: '/nonexistent/x' }), 'SIZE_MISMATCH', 'expected 200000, got 9 or more'],
  ['unknown', options({ file: '/nonexistent/x', sizeBytes: null }), 'RESPONSE_TOO_LARGE', 'more than 5 bytes'],
])('says how much too large it is: %s', (_name, given, code, message) => {
  expect(tooLarge(given, 9)).toMatchObject({ code, message: matching(message) });
});
