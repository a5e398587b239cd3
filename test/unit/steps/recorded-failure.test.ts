import { expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import { RecordedFailure } from '../../../lib/steps/recorded-failure.ts';

it('is the failure that it stands for', () => {
  const cause = new UpdateError('PROBE_FAILED', 'no answer', { hint: 'look', subject: 'x', lines: ['a'] });
  const recorded = new RecordedFailure(cause);
  expect(recorded).toMatchObject({ code: 'PROBE_FAILED', message: 'no answer', hint: 'look', subject: 'x', lines: ['a'], cause });
  expect(new RecordedFailure(new UpdateError('BROKEN', 'x'))).toMatchObject({ hint: null, subject: null, lines: [] });
});
