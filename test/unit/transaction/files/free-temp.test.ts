import fs from 'node:fs';
import { expect, it } from 'vitest';
import { freeTemp } from '../../../../lib/transaction/files/free-temp.ts';
import { temporary } from '../../../helpers/device.ts';

it('removes what a crash left, and takes its name', () => {
  const path = `${temporary()}/file`;
  expect(freeTemp(path)).toBe(`${path}.tmp`);
  fs.writeFileSync(`${path}.tmp`, 'half');
  expect(freeTemp(path)).toBe(`${path}.tmp`);
  expect(fs.existsSync(`${path}.tmp`)).toBe(false);
});

it('leaves a directory alone, and takes another name', () => {
  const path = `${temporary()}/file`;
  fs.mkdirSync(`${path}.tmp`);
  expect(freeTemp(path)).toMatch(/file\.[0-9a-f]{8}\.tmp$/);
  expect(fs.existsSync(`${path}.tmp`)).toBe(true);
});
