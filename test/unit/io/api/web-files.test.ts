import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { webFiles } from '../../../../lib/io/api/web-files.ts';
import { temporary } from '../../../helpers/device.ts';

it('reads what is there, and has null for what is not', () => {
  const dir = temporary();
  fs.writeFileSync(join(dir, 'page.html'), '<p>über</p>');
  expect(webFiles(dir)('page.html')).toBe('<p>über</p>');
  expect(webFiles(dir)('other.html')).toBeNull();
  expect(webFiles(join(dir, 'page.html'))('page.html')).toBeNull();
  expect(webFiles(join(dir, 'nowhere'))('page.html')).toBeNull();
});

it('says so when a file cannot be read', () => {
  const dir = temporary();
  fs.mkdirSync(join(dir, 'page.html'));
  expect(() => webFiles(dir)('page.html')).toThrow(/EISDIR/);
});
