import { expect, it } from 'vitest';
import { toUpdateError } from '../../../../lib/core/errors.ts';
import { spaceHint } from '../../../../lib/core/device/space-hint.ts';

it.each([
  ['in /run', '/run/pikit-update/orders/wanted', /^'\/run' is in memory, and is full: .* restart the device/],
  ['on the card', '/var/lib/pikit/journal.json', /^free some space .*apt-get clean/],
  ['in a folder', '/srv/device/run/pikit-update/wanted', /^free some space .*apt-get clean/],
  ['an unknown place', null, /^free some space .*apt-get clean/],
])('%s', (_name, path, hint) => {
  expect(spaceHint(path)).toMatch(hint);
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', ...(path === null ? {} : { path }) });
  expect(toUpdateError(error)).toMatchObject({ code: 'NO_SPACE', hint: spaceHint(path) });
});
