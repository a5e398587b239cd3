import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { publishedSource } from '../../../../lib/release/publish/published-source.ts';
import { useTempDir } from '../../../helpers/temp.ts';

// Servers and repositories are in take-over.test.ts.
const dir = useTempDir();
const { signal } = new AbortController();

it('reads a folder, by its path or its address', async () => {
  fs.writeFileSync(join(dir(), 'manifest.json'), 'x');
  for (const from of [dir(), `file://${dir()}`]) {
    const source = await publishedSource(from, null, signal);
    expect((await source.read('manifest.json', 'stable', 10))?.toString()).toBe('x');
    expect(await source.read('branches.json', 'stable', 10)).toBeNull();
  }
});

it.each([
  ['gitea:https://x.org/o', 'USAGE'],
  ['sftp://x.org/', 'USAGE'],
  ['/nowhere/at/all', 'NOT_FOUND'],
])('refuses %s', async (from, code) => {
  await expect(publishedSource(from, null, signal)).rejects.toMatchObject({ code });
});
