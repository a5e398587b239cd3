import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { contentOf } from '../../../../lib/io/bundle/pack-source.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { containing } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let dir = '';
beforeEach(() => {
  dir = folderOfTest('source');
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
