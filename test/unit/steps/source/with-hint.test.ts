import { expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { withHint, withSourceHint } from '../../../../lib/steps/source/with-hint.ts';
import { containing } from '../../../helpers/matchers.ts';

it('adds a hint where there is none, and changes nothing else', () => {
  const bare = new UpdateError('BUNDLE_INVALID', 'broken', { subject: 's', lines: ['l'] });
  expect(withHint(bare, 'do this')).toMatchObject({
    code: 'BUNDLE_INVALID',
    message: 'broken',
    hint: 'do this',
    subject: 's',
    lines: ['l'],
    cause: bare,
  });
  const hinted = new UpdateError('BUNDLE_INVALID', 'broken', { hint: 'mine' });
  expect(withHint(hinted, 'do this')).toBe(hinted);
  const other = new Error('x');
  expect(withHint(other, 'do this')).toBe(other);
});

it.each([
  ['CANCELLED', 'the next start resumes it'],
  ['HTTP_PROTOCOL', 'no site with releases'],
  ['RESPONSE_TOO_LARGE', 'no site with releases'],
  ['BUNDLE_INVALID', 'the publisher of the releases'],
  ['MANIFEST_INVALID', 'the publisher of the releases'],
  ['SERVER_UNREACHABLE', 'try again later'],
] as const)('says what to do about %s of a source', (code, words) => {
  expect(withSourceHint(new UpdateError(code, 'x'))).toMatchObject({ code, hint: containing(words) });
  expect(withSourceHint(new Error('x'))).not.toBeInstanceOf(UpdateError);
});
