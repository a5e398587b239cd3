import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { contentOf } from '../../../lib/io/pack-source.ts';
import { sha256 } from '../../helpers/archive-builder.ts';
import { temporaryFolder } from '../../helpers/site-builder.ts';
import { containing } from '../../helpers/matchers.ts';

let dir = '';
beforeEach(() => {
  dir = temporaryFolder('source');
});
afterEach(() => {
  fs.rmSync(dir, { recursive: true });
});

it.each([0, 1, 65_536, 65_537])('reads %i bytes in full chunks', (length) => {
  const data = Buffer.alloc(length, 'abc');
  fs.writeFileSync(join(dir, 'f'), data);
  const chunks = [...contentOf({ path: 'f', source: join(dir, 'f'), mode: 0o644, size: length, sha256: sha256(data) })];
  expect(Buffer.concat(chunks).equals(data)).toBe(true);
  expect(chunks.slice(0, -1).every((chunk) => chunk.length === 65_536)).toBe(true);
});

it('notices a file that is replaced between two chunks', () => {
  const data = Buffer.alloc(200_000, 'a');
  fs.writeFileSync(join(dir, 'f'), data);
  const reading = contentOf({ path: 'f', source: join(dir, 'f'), mode: 0o644, size: data.length, sha256: sha256(data) });
  reading.next();
  fs.truncateSync(join(dir, 'f'), 100_000);
  expect(() => [...reading]).toThrow(expect.objectContaining({ code: 'INPUT_REFUSED', message: containing('is shorter') }));
});
