import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ReleaseContents } from '../../../../lib/release/builder/manifest-json.ts';
import { placeBundle } from '../../../../lib/release/builder/place-bundle.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

function contents(text: string): ReleaseContents {
  const source = join(dir(), 'source');
  fs.writeFileSync(source, text);
  const file = { path: 'pikit-api.py', source, mode: 0o755, size: text.length, sha256: sha256(text) };
  return { version: '1.0.0', changelog: '', notes: '', files: [file], config: [], restart: [], minVersion: null, arch: [] };
}

it('puts a bundle where its version says, once', async () => {
  const first = await placeBundle(dir(), contents('one'), {});
  expect(first).toMatchObject({ name: 'pikit-1.0.0.tar.gz', reused: false });
  expect(sha256(fs.readFileSync(join(dir(), 'bundles', first.name)))).toBe(first.sha256);
  const { ino } = fs.statSync(join(dir(), 'bundles', first.name));
  expect(await placeBundle(dir(), contents('one'), {})).toEqual({ ...first, reused: true });
  expect(fs.statSync(join(dir(), 'bundles', first.name)).ino).toBe(ino);
  expect(fs.readdirSync(join(dir(), 'bundles'))).toEqual([first.name]);
});

it('never replaces one, and leaves nothing beside it', async () => {
  const { name, sha256: before } = await placeBundle(dir(), contents('one'), {});
  await expect(placeBundle(dir(), contents('two'), {})).rejects.toMatchObject({ code: 'RELEASE_CHANGED' });
  await expect(placeBundle(dir(), contents('one'), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(fs.readdirSync(join(dir(), 'bundles'))).toEqual([name]);
  expect(sha256(fs.readFileSync(join(dir(), 'bundles', name)))).toBe(before);
});
