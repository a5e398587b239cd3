import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyName, readMetadataSet } from '../../../../lib/release/gitea/metadata-set.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { matching } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import { tufRepository } from '../../../helpers/tuf-repository.ts';

const dir = useTempDir();

function write(): void {
  const repository = tufRepository();
  repository.delegate('branch-nightly');
  repository.put('manifest.json', 'old');
  repository.put('manifest_nightly.json', 'nightly', 'branch-nightly');
  repository.publish();
  repository.put('manifest.json', 'new');
  repository.publish('targets');
  repository.rotate('root', [testKey('other')]);
  repository.writeTo(dir());
}

it('has what a device can be led to, and nothing of the past but roots', () => {
  write();
  const set = readMetadataSet(dir());
  expect(set?.versions).toEqual({
    root: 2,
    timestamp: 3,
    snapshot: 3,
    roles: new Map([
      ['targets', 3],
      ['branch-nightly', 1],
    ]),
  });
  expect(set?.copies.map(({ name, path }) => [name, path])).toEqual(
    [copyName('manifest_nightly.json', sha256('nightly')), copyName('manifest.json', sha256('new'))].map((name) => [
      name,
      join(dir(), 'tuf/targets', name),
    ]),
  );
  expect(set?.numbered.map(({ name }) => name)).toEqual(['1.branch-nightly.json', '3.targets.json', '3.snapshot.json']);
  expect(set?.roots.map(({ name }) => name)).toEqual(['1.root.json', '2.root.json']);
  for (const file of [set?.root, set?.timestamp]) expect(file?.size).toBe(fs.statSync(file?.path ?? '').size);
  expect(set?.facts.keys.map(({ name }) => name)).toEqual(['other']);
});

it('is null for an unsigned site', () => {
  fs.writeFileSync(join(dir(), 'branches.json'), '[]');
  expect(readMetadataSet(dir())).toBeNull();
});

it('takes a document itself where there is no copy, if it has the digest', () => {
  write();
  fs.rmSync(join(dir(), 'tuf/targets'), { recursive: true });
  const set = readMetadataSet(dir());
  expect(set?.copies.map(({ name, path }) => [name, path])).toEqual([
    [copyName('manifest_nightly.json', sha256('nightly')), join(dir(), 'manifest_nightly.json')],
    [copyName('manifest.json', sha256('new')), join(dir(), 'manifest.json')],
  ]);
  fs.writeFileSync(join(dir(), 'manifest.json'), 'another');
  expect(() => readMetadataSet(dir())).toThrow(
    expect.objectContaining({ code: 'SITE_INVALID', message: matching(`${sha256('new')}.manifest.json' is named`) }),
  );
});

describe('a part that is missing', () => {
  it.each([['root.json'], ['1.root.json'], ['timestamp.json'], ['3.snapshot.json'], ['3.targets.json'], ['1.branch-nightly.json']])('%s', (name) => {
    write();
    fs.rmSync(join(dir(), 'tuf', name));
    expect(() => readMetadataSet(dir())).toThrow(
      expect.objectContaining({ code: 'SITE_INVALID', message: matching(`'tuf/${name}' is named`), hint: matching('pikit-release verify') }),
    );
  });
});
