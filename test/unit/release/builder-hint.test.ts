import { expect, it } from 'vitest';
import { UpdateError, toUpdateError } from '../../../lib/core/errors.ts';
import { builderHint } from '../../../lib/release/builder-hint.ts';

it.each(['EACCES', 'ENOSPC', 'EROFS', 'EIO'])('says nothing of a Pi to the person at a build machine: %s', (code) => {
  const hint = builderHint(toUpdateError(Object.assign(new Error('x'), { code })));
  expect(hint).toMatch(/run (it|this)/);
  expect(hint).not.toMatch(/unit|card|apt-get/);
});

it('keeps a hint that is its own, and drops one for a device that it has no other for', () => {
  expect(builderHint(new UpdateError('INPUT_REFUSED', 'x', { hint: 'rename it' }))).toBe('rename it');
  expect(builderHint(new UpdateError('NOT_FOUND', 'x', { hint: 'check source.url' }))).toBeNull();
  expect(builderHint(new UpdateError('NOT_FOUND', 'x'))).toBeNull();
});
