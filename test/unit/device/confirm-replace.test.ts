import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { seenNow } from '../../../lib/device/confirm-replace.ts';
import { device } from '../../helpers/device.ts';
import { writeTree } from '../../helpers/site-builder.ts';

it('is bound to the bytes that are there now', () => {
  const on = device();
  writeTree(on.root, { '/usr/local/bin/tool': 'mine' });
  const sha256 = createHash('sha256').update('mine').digest('hex');
  expect(seenNow(on, ['/usr/local/bin/tool'])).toEqual([{ path: '/usr/local/bin/tool', sha256 }]);
});

it.each(['nothing', 'a link', 'a directory'])('has nothing to confirm where %s is', (what) => {
  const on = device();
  writeTree(on.root, { '/usr/local/bin/other': 'x' });
  if (what === 'a link') fs.symlinkSync('other', on.at('/usr/local/bin/tool'));
  if (what === 'a directory') fs.mkdirSync(on.at('/usr/local/bin/tool'));
  expect(() => seenNow(on, ['/usr/local/bin/tool'])).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
});
