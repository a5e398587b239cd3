import { expect, it } from 'vitest';
import { ERROR_CODES } from '../../../../lib/core/error-codes.ts';
import { UpdateError, toErrorCode } from '../../../../lib/core/errors.ts';
import { goodTrust, isAboutTrust, noteTrustProblem } from '../../../../lib/steps/trust/trust-notes.ts';
import { NOW, device, stepDeps } from '../../../helpers/device.ts';
import { trustRoot } from '../../../helpers/tuf-site.ts';
import { tufRepository } from '../../../helpers/tuf-repository.ts';

const GOOD = { root: 2, timestamp: 5, good: NOW.toISOString(), until: '2026-12-01T00:00:00.000Z', problem: null };

it('says what was verified, and when', () => {
  const client = { state: () => ({ root: 2, timestamp: 5, until: new Date('2026-12-01T00:00:00Z'), signedAt: null }) };
  expect(goodTrust(stepDeps(device()), client)).toEqual(GOOD);
});

it('knows the codes that are about signatures, and no others', () => {
  const about = Object.keys(ERROR_CODES).filter((code) => isAboutTrust(new UpdateError(toErrorCode(code), '')));
  expect(about).toEqual(Object.keys(ERROR_CODES).filter((code) => /^(TRUST|SIGNATURE|METADATA)_/.test(code)));
});

it('keeps what was known beside the problem, and what is offered', () => {
  const on = device();
  trustRoot(on, tufRepository().initialRoot);
  const before = { ...on.files.readState(), current: '1.0.0', trust: GOOD };
  on.files.writeState(before);
  noteTrustProblem(stepDeps(on), new UpdateError('METADATA_EXPIRED', 'it is old', { hint: 'wait' }));
  const problem = { code: 'METADATA_EXPIRED', message: 'it is old', hint: 'wait' };
  expect(on.files.readState()).toEqual({ ...before, trust: { ...GOOD, problem } });
});

it('is silent about other failures', () => {
  const on = device();
  noteTrustProblem(stepDeps(on), new UpdateError('OFFLINE', 'no network'));
  noteTrustProblem(stepDeps(on), new Error('anything'));
  expect(on.files.readState().trust).toBeUndefined();
});
