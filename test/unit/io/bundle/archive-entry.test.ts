import { expect, it } from 'vitest';
import { encodeEntry, nextEntry } from '../../../../lib/io/bundle/archive-entry.ts';
import { byteReader } from '../../../../lib/io/bundle/byte-reader.ts';
import { END_OF_ARCHIVE, paxEntry, tarEntry } from '../../../helpers/archive-builder.ts';
import { containing } from '../../../helpers/matchers.ts';

/** A reader of these blocks, in chunks that do not end where blocks do. */
function reader(...blocks: Buffer[]): ReturnType<typeof byteReader> {
  const bytes = Buffer.concat(blocks);
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 700) yield await Promise.resolve(bytes.subarray(at, at + 700));
  }
  return byteReader(chunks());
}

it.each([
  ['plain', 'pikit-web/index.html', 1],
  ['split-into-prefix', `${'d'.repeat(90)}/${'f'.repeat(90)}`, 1],
  ['long', 'n'.repeat(101), 4],
  ['not-ascii', 'gr\u00fcn', 4],
])('reads the header that it writes: %s', async (_name, path, parts) => {
  const blocks = encodeEntry({ path, mode: 0o644, size: 0 });
  expect(blocks).toHaveLength(parts);
  expect(Buffer.concat(blocks).length % 512).toBe(0);
  const read = reader(...blocks, END_OF_ARCHIVE);
  expect(await nextEntry(read)).toEqual({ path, isDirectory: false, size: 0 });
  expect(await nextEntry(read)).toBeNull();
});

it('gives an extension to the one entry behind it', async () => {
  const read = reader(paxEntry({ path: 'other/' }), tarEntry({ name: 'a', type: '5' }), tarEntry({ name: 'b' }), END_OF_ARCHIVE);
  expect(await nextEntry(read)).toEqual({ path: 'other', isDirectory: true, size: 0 });
  expect(await nextEntry(read)).toEqual({ path: 'b', isDirectory: false, size: 0 });
});

it('says what it refuses in words, and what to do', async () => {
  await expect(nextEntry(reader(tarEntry({ name: 'a', type: 'K', data: 'x' })))).rejects.toMatchObject({
    code: 'BUNDLE_INVALID',
    message: "the bundle's entry 'a' is refused: it is the long name of a link target, only plain files are allowed",
    hint: containing('Packing by hand'),
  });
});
