import { containing } from '../../../helpers/matchers.ts';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diffAgainstDevice, isPutAnew } from '../../../../lib/transaction/plan/diff.ts';
import { placeIn, releaseChange } from '../../../helpers/change.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import type { Tree } from '../../../helpers/tree.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();

interface Case {
  name: string;
  live: Tree;
  /** Files of the new release; the version file is left out of all this. */
  files: Record<string, string>;
  deletes?: string[];
  ourDirs?: string[];
  /** `old > new path` of each draft. */
  drafts: string[];
  mkdirs?: string[];
}

const CASES: Case[] = [
  { name: 'same', live: { '/w/a': 'a' }, files: { '/w/a': 'a' }, drafts: [] },
  { name: 'same-bytes-other-mode', live: { '/w/a': { text: 'a', mode: 0o600 } }, files: { '/w/a': 'a' }, drafts: ['file > file /w/a'] },
  {
    name: 'new-in-a-new-directory',
    live: {},
    files: { '/w/x/a': 'a', '/w/x/b': 'b' },
    drafts: ['none > file /w/x/a', 'none > file /w/x/b'],
    mkdirs: ['/w', '/w/x'],
  },
  { name: 'gone', live: { '/w/a': 'a' }, files: {}, deletes: ['/w/a'], drafts: ['file > none /w/a'] },
  { name: 'gone-and-already-removed', live: {}, files: {}, deletes: ['/w/a', '/w/d/b'], drafts: [] },
  { name: 'gone-and-a-directory-of-the-owner-now', live: { '/w/a/mine': 'm' }, files: {}, deletes: ['/w/a'], drafts: [] },
  { name: 'gone-and-below-a-file-of-the-owner-now', live: { '/w/d': 'mine' }, files: {}, deletes: ['/w/d/b'], drafts: [] },
  {
    name: 'file-to-directory',
    live: { '/w/a': 'a' },
    files: { '/w/a/b': 'b', '/w/a/c/d': 'd' },
    deletes: ['/w/a'],
    drafts: ['file > dir /w/a, /w/a/c: /w/a/b /w/a/c/d'],
  },
  {
    name: 'directory-to-file',
    live: { '/w/a/b': 'b', '/w/a/c/d': 'd' },
    files: { '/w/a': 'a' },
    deletes: ['/w/a/b', '/w/a/c/d'],
    drafts: ['dir > file /w/a'],
  },
  {
    name: 'emptied-directory-of-ours-to-file',
    live: { '/w/a': null },
    files: { '/w/a': 'a' },
    deletes: ['/w/a/b'],
    ourDirs: ['/w/a'],
    drafts: ['dir > file /w/a'],
  },
];

describe('draftChange', () => {
  it.each(CASES)('$name', ({ live, files, deletes = [], ourDirs = [], drafts, mkdirs = [] }) => {
    writeTree(dir(), live);
    const place = placeIn(dir());
    const puts = releaseChange(place, { version: '1.0.0', files }, null).puts.filter((put) => put.listed);
    const drafted = diffAgainstDevice(place, { puts, deletes, shipped: new Map(), ourDirs: new Set(ourDirs), known: new Set() });
    const lines = drafted.drafts.map(({ path, old, new: fresh }) => {
      const what = fresh?.type === 'dir' ? `${fresh.dirs.join(', ')}: ${fresh.files.map((file) => file.path).join(' ')}` : path;
      return `${old?.type ?? 'none'} > ${fresh?.type ?? 'none'} ${what}`;
    });
    expect(lines).toEqual(drafts);
    expect(drafted.mkdirs).toEqual(mkdirs);
  });

  it.each<[string, Tree, string]>([
    ['foreign-file-in-the-directory', { '/w/a/b': 'b', '/w/a/mine': 'm' }, '/w/a/mine'],
    ['foreign-directory-in-it', { '/w/a/b': 'b', '/w/a/mine': null }, '/w/a/mine'],
    ['empty-directory-of-the-owner', { '/w/a': null }, '/w/a'],
  ])('refuses to replace a directory: %s', (_name, live, named) => {
    writeTree(dir(), live);
    const place = placeIn(dir());
    const puts = releaseChange(place, { version: '1.0.0', files: { '/w/a': 'a' } }, null).puts;
    expect(() => diffAgainstDevice(place, { puts, deletes: ['/w/a/b'], shipped: new Map(), ourDirs: new Set(), known: new Set() })).toThrow(
      expect.objectContaining({ code: 'DEST_TYPE', message: containing(`'${named}'`) }),
    );
  });

  it('puts files that are there already only where all are to be put anew', () => {
    writeTree(dir(), { '/w/a': 'same', '/w/b': 'old' });
    const place = placeIn(dir());
    const puts = releaseChange(place, { version: '1.0.0', files: { '/w/a': 'same', '/w/b': 'new' } }, null).puts.filter((put) => put.listed);
    const drafts = (anew?: boolean): string[] =>
      diffAgainstDevice(place, {
        puts,
        deletes: [],
        shipped: new Map(),
        ourDirs: new Set(),
        known: new Set(),
        ...(anew === undefined ? {} : { anew }),
      })
        .drafts.map((draft) => `${draft.path}${isPutAnew(draft) ? ' anew' : ''}`)
        .toSorted();
    for (const { path } of puts) fs.chmodSync(`${dir()}${path}`, puts[0]?.mode ?? 0);
    expect(drafts()).toEqual(['/w/b']);
    expect(drafts(true)).toEqual(['/w/a anew', '/w/b']);
  });

  it('notes what the owner edited, and what took the place of a file that goes', () => {
    writeTree(dir(), { '/w/a': 'edited', '/w/b': 'shipped', '/w/c/mine': 'm' });
    fs.chmodSync(`${dir()}/w/b`, 0o600);
    const place = placeIn(dir());
    const change = releaseChange(place, { version: '1.0.0', files: { '/w/a': 'new', '/w/b': 'new' } }, null);
    const sha = releaseChange(place, { version: '1.0.0', files: { '/w/b': 'shipped' } }, null).puts[0]?.sha256 ?? '';
    const shipped = new Map([
      ['/w/a', sha],
      ['/w/b', sha],
      ['/w/c', sha],
    ]);
    expect(diffAgainstDevice(place, { puts: change.puts, deletes: ['/w/c'], shipped, ourDirs: new Set(), known: new Set() }).drift).toEqual([
      '/w/a',
      '/w/c',
    ]);
  });
});
