import os from 'node:os';
import { expect, it } from 'vitest';
import { ownNames } from '../../../../lib/io/api/own-names.ts';

it('knows the device by its name, with and without .local, and by its addresses', () => {
  const names = ownNames();
  const name = os.hostname().toLowerCase();
  expect(names).toEqual(expect.arrayContaining(['localhost', '127.0.0.1', '[::1]', name, `${name.split('.')[0] ?? ''}.local`]));
  for (const list of Object.values(os.networkInterfaces())) {
    for (const { address, family } of list ?? []) expect(names).toContain(family === 'IPv6' ? `[${address}]` : address);
  }
  expect(new Set(names).size).toBe(names.length);
});
