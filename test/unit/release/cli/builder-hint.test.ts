import { expect, it } from 'vitest';
import { UpdateError, toUpdateError } from '../../../../lib/core/errors.ts';
import { captivePortal } from '../../../../lib/core/network/captive-portal.ts';
import { builderHint } from '../../../../lib/release/cli/builder-hint.ts';

it.each(['EACCES', 'ENOSPC', 'EROFS', 'EIO'])('says nothing of a Pi to the person at a build machine: %s', (code) => {
  const hint = builderHint(toUpdateError(Object.assign(new Error('x'), { code })));
  expect(hint).toMatch(/run (it|this)/);
  expect(hint).not.toMatch(/unit|card|apt-get/);
});

it('lets the person at a build machine log in to a network, and says nothing of a device', () => {
  const hint = builderHint(captivePortal(new URL('https://git.example.org/'), 'a list of releases', 'a web page'));
  expect(hint).toMatch(/this machine requires a login, log in/);
  expect(hint).not.toMatch(/source\.url/);
});

it('keeps a hint that is its own, and drops one for a device that it has no other for', () => {
  expect(builderHint(new UpdateError('INPUT_REFUSED', 'x', { hint: 'rename it' }))).toBe('rename it');
  expect(builderHint(new UpdateError('NOT_FOUND', 'x', { hint: 'check source.url' }))).toBeNull();
  expect(builderHint(new UpdateError('NOT_FOUND', 'x'))).toBeNull();
});
