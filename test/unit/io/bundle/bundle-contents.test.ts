import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../../lib/io/bundle/bundle-contents.ts';
import { contentsLimit, padded, readContents, readManifestOnly } from '../../../../lib/io/bundle/bundle-contents.ts';
import { byteReader } from '../../../../lib/io/bundle/byte-reader.ts';
import type { UpdateError } from '../../../../lib/core/errors.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';

/** Entries with their contents, without any archive around them. */
function entries(...list: [string, string][]): Pick<Parameters<typeof readContents>[0], 'reader' | 'nextEntry'> {
  const bodies = list.map(([, data]) => Buffer.concat([Buffer.from(data), Buffer.alloc(padded(data.length) - data.length)]));
  async function* source(): AsyncGenerator<Buffer> {
    for (const body of bodies) yield await Promise.resolve(body);
  }
  const queue = list.map(([path, data]): Entry => ({ path: path.replace(/\/$/, ''), isDirectory: path.endsWith('/'), size: data.length }));
  return { reader: byteReader(source()), nextEntry: () => Promise.resolve(queue.shift() ?? null) };
}

const file = (path: string, data: string): { path: string; sha256: string; size: number; config: boolean } => ({
  path,
  sha256: sha256(data),
  size: data.length,
  config: false,
});

async function problems(files: ReturnType<typeof file>[], ...list: [string, string][]): Promise<string[]> {
  const found: UpdateError[] = [];
  await readContents({ files, ...entries(...list), tree: null, report: (problem) => found.push(problem) });
  return found.map(({ code }) => code);
}

describe('readContents', () => {
  it.each<[string, [string, string][], string[]]>([
    [
      'all-well',
      [
        ['d/', ''],
        ['d/a', 'A'],
        ['b', ''],
      ],
      [],
    ],
    [
      'manifest-beside',
      [
        ['manifest.json', '{}'],
        ['d/a', 'A'],
        ['b', ''],
      ],
      [],
    ],
    ['missing', [['d/a', 'A']], ['BUNDLE_INVALID']],
    [
      'stray',
      [
        ['d/a', 'A'],
        ['b', ''],
        ['c', ''],
      ],
      ['PATH_REFUSED'],
    ],
    [
      'stray-folder',
      [
        ['d/a', 'A'],
        ['b', ''],
        ['e/', ''],
      ],
      ['PATH_REFUSED'],
    ],
    [
      'other-content',
      [
        ['d/a', 'B'],
        ['b', ''],
      ],
      ['DIGEST_MISMATCH'],
    ],
    [
      'other-size',
      [
        ['d/a', 'AA'],
        ['b', ''],
      ],
      ['SIZE_MISMATCH', 'DIGEST_MISMATCH'],
    ],
  ])('%s', async (_name, list, codes) => {
    expect(await problems([file('d/a', 'A'), file('b', '')], ...list)).toEqual(codes);
  });

  it('refuses a second entry of one name', async () => {
    await expect(problems([file('a', 'A')], ['a', 'A'], ['a', 'A'])).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  });
});

describe('readManifestOnly', () => {
  it('finds the manifest anywhere', async () => {
    expect(String(await readManifestOnly(entries(['a', 'x'.repeat(600)], ['manifest.json', '{}'], ['b', 'y'])))).toBe('{}');
  });

  it.each<[string, [string, string][]]>([
    ['without', [['a', '']]],
    [
      'with-two',
      [
        ['manifest.json', '{}'],
        ['manifest.json', '{}'],
      ],
    ],
  ])('refuses a bundle %s', async (_name, list) => {
    await expect(readManifestOnly(entries(...list))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  });
});

describe('contentsLimit', () => {
  it('is known when all sizes are', () => {
    expect(contentsLimit([file('a', 'A')])).toBe(8 * 1024 * 1024 + 64 * 1024 + 512 + 2 * 512 + 16 * 1024);
    expect(contentsLimit([{ path: 'a', sha256: sha256(''), config: false }])).toBeNull();
  });
});
