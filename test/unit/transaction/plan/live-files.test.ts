import { containing, matching } from '../../../helpers/matchers.ts';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readManagedFile, liveFile, readLivePath } from '../../../../lib/transaction/plan/live-files.ts';
import { placeIn } from '../../../helpers/change.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();

function place(): ReturnType<typeof placeIn> {
  writeTree(dir(), {
    '/f': { text: 'x', mode: 0o640 },
    '/ours/a': 'a',
    '/ours/in/b': 'b',
    '/mixed/a': 'a',
    '/mixed/mine': 'm',
    '/empty': null,
    '/made': null,
    '/hollow/a': 'a',
    '/hollow/mine': null,
  });
  fs.symlinkSync('f', `${dir()}/link`);
  fs.symlinkSync('../f', `${dir()}/ours-link`);
  execFileSync('mkfifo', [`${dir()}/fifo`]);
  return placeIn(dir());
}

const LEAVING = { files: new Set(['/ours/a', '/ours/in/b', '/mixed/a', '/hollow/a']), dirs: new Set(['/made']) };
const facts = (path: string): unknown => expect.objectContaining({ path, sha256: matching(/^[0-9a-f]{64}$/) });

describe('liveFile', () => {
  it('has size, mode and owner', () => {
    const { uid, gid } = placeIn(dir()).owner;
    expect(liveFile(place(), '/f')).toEqual({
      path: '/f',
      sha256: '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',
      size: 1,
      mode: 0o640,
      uid,
      gid,
    });
    expect(liveFile(placeIn(dir()), '/none')).toBeNull();
  });

  it.each(['/link', '/fifo', '/empty'])('refuses what is no file: %s', (path) => {
    const at = place();
    expect(() => liveFile(at, path)).toThrow(expect.objectContaining({ code: 'DEST_TYPE' }));
  });
});

describe('regularFile', () => {
  it.each<[string, unknown]>([
    ['/none', null],
    ['/f', { type: 'file', file: facts('/f') }],
    ['/ours', { type: 'dir', files: [facts('/ours/a'), facts('/ours/in/b')] }],
    ['/made', { type: 'dir', files: [] }],
  ])('describes %s', (path, expected) => {
    expect(readLivePath(place(), path, LEAVING)).toEqual(expected);
  });

  it.each<[string, string]>([
    ['/mixed', '/mixed/mine'],
    ['/empty', 'the updater did not create it'],
    ['/hollow', 'the updater did not create it'],
    ['/link', 'symbolic link'],
    ['/fifo', 'special file'],
  ])('refuses %s, naming what would be lost', (path, part) => {
    const at = place();
    expect(() => readLivePath(at, path, LEAVING)).toThrow(expect.objectContaining({ code: 'DEST_TYPE', message: containing(part) }));
  });
});

describe('fileOrForeign', () => {
  it.each<[string, unknown]>([
    ['/none', null],
    ['/f', facts('/f')],
    ['/link', 'foreign'],
    ['/ours', 'foreign'],
    ['/fifo', 'foreign'],
  ])('%s', (path, expected) => {
    expect(readManagedFile(place(), path)).toEqual(expected);
  });
});
