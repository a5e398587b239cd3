import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { removeOldAssetDirs, keepOldAssets, oldAssetDirs } from '../../../../lib/transaction/change/old-assets.ts';
import { recover } from '../../../../lib/transaction/recovery/recover.ts';
import type { Operation } from '../../../../lib/transaction/types.ts';
import type { Release } from '../../../helpers/change.ts';
import { applyRelease, placeIn, recordingIn, rollBack } from '../../../helpers/change.ts';
import { runWithFault } from '../../../helpers/crash.ts';
import { aFile, aJournal, anOperation } from '../../../helpers/documents.ts';
import { atEveryCall } from '../../../helpers/stories.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import type { Snapshot } from '../../../helpers/tree.ts';
import { AT_ONCE } from '../../../../lib/transaction/files/durable.ts';
import { linkTree, removeDir, snapshot, writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';
const KEPT = '/var/backups/pikit-previous';

/** A release with a page and assets named after it. */
function release(version: string, more: Release['files'] = {}): Release {
  return {
    version,
    files: {
      [`${WEB}/index.html`]: `<script src=assets/app-${version}.js>`,
      [`${WEB}/assets/app-${version}.js`]: `run(${version})`,
      [`${WEB}/assets/deep/style-${version}.css`]: `${version} {}`,
      ...more,
    },
  };
}

function deviceOn(...releases: readonly Release[]): TransactionPaths {
  const root = `${dir()}/device`;
  fs.mkdirSync(root);
  const place = placeIn(root);
  for (const one of releases) applyRelease(place, one);
  return place;
}

/** Everything in the folder, with modes, owners and bytes. */
function kept({ root }: TransactionPaths): Snapshot {
  return Object.fromEntries(Object.entries(snapshot(root)).filter(([path]) => path.startsWith(KEPT)));
}

function keptFiles(place: TransactionPaths): string[] {
  return Object.entries(kept(place)).flatMap(([path, what]) => (what.startsWith('dir') ? [] : [path.slice(KEPT.length)]));
}

const ASSETS_OF = (version: string): string[] => [`/pikit-web/assets/app-${version}.js`, `/pikit-web/assets/deep/style-${version}.css`];

function withoutLinks(act: () => void): void {
  const { linkSync } = fs;
  fs.linkSync = () => {
    throw Object.assign(new Error('EXDEV'), { code: 'EXDEV' });
  };
  try {
    act();
  } finally {
    Object.assign(fs, { linkSync });
  }
}

describe('what is kept', () => {
  it('is what the update before removed, one generation of it, as links', () => {
    const place = deviceOn(release('1.0.0'));
    expect(keptFiles(place)).toEqual([]);
    const { ino } = fs.statSync(`${place.root}${WEB}/assets/app-1.0.0.js`);
    applyRelease(place, release('2.0.0'));
    expect(keptFiles(place)).toEqual(ASSETS_OF('1.0.0'));
    expect(fs.statSync(`${place.root}${KEPT}/pikit-web/assets/app-1.0.0.js`).ino).toBe(ino);
    applyRelease(place, release('3.0.0'));
    expect(keptFiles(place)).toEqual(ASSETS_OF('2.0.0'));
  });

  it('is what a rollback removed', () => {
    const place = deviceOn(release('1.0.0'), release('2.0.0'));
    rollBack(place);
    expect(keptFiles(place)).toEqual(ASSETS_OF('2.0.0'));
  });

  it('is as before when the update was undone', () => {
    const place = deviceOn(release('1.0.0'), release('2.0.0'));
    const before = kept(place);
    expect(() => applyRelease(place, release('3.0.0'), false)).toThrow('it does not answer');
    expect(kept(place)).toEqual(before);
  });

  it('is readable for everybody, whatever the mask of the process is', () => {
    const place = deviceOn(release('1.0.0'));
    const mask = process.umask(0o077);
    try {
      applyRelease(place, release('2.0.0'));
    } finally {
      process.umask(mask);
    }
    const modes = new Set(Object.values(kept(place)).map((what) => what.split(' ').slice(0, 2).join(' ')));
    expect([...modes].sort()).toEqual(['dir 0755', 'file 0644']);
  });

  it.each<[string, Release['files']]>([
    ['a-page', { [`${WEB}/old.html`]: '<p>' }],
    ['a-script-of-the-server', { [`${WEB}/old.php`]: '<?php $password' }],
    ['a-setting', { [`${WEB}/site.conf`]: { text: 'password = 1', config: true } }],
    ['not-for-all-to-read', { [`${WEB}/mine.js`]: { text: 'secret()', mode: 0o640 } }],
    ['not-of-the-web', { '/usr/local/bin/tool.js': 'tool()', '/var/www-other/x.js': 'x()' }],
  ])('never has a file that is: %s', (_name, files) => {
    const place = deviceOn(release('1.0.0', files));
    applyRelease(place, release('2.0.0'));
    for (const path of Object.keys(files)) expect(fs.existsSync(place.root + path)).toBe(false);
    expect(keptFiles(place)).toEqual(ASSETS_OF('1.0.0'));
  });

  it('never has a file in a directory that not all may enter', () => {
    const place = deviceOn(release('1.0.0', { [`${WEB}/private/in/x.js`]: 'secret()' }));
    fs.chmodSync(`${place.root}${WEB}/private`, 0o750);
    applyRelease(place, release('2.0.0'));
    expect(keptFiles(place)).toEqual(ASSETS_OF('1.0.0'));
  });

  it('has files of a directory that became a file', () => {
    const place = deviceOn(release('1.0.0', { [`${WEB}/lib/a.js`]: 'a()' }));
    applyRelease(place, release('2.0.0', { [`${WEB}/lib`]: 'a file now' }));
    expect(keptFiles(place)).toContain('/pikit-web/lib/a.js');
  });

  it('has nothing where the name is taken: what is there now is what everybody gets', () => {
    const place = deviceOn(release('1.0.0', { [`${WEB}/logo.svg`]: 'one' }));
    applyRelease(place, release('2.0.0', { [`${WEB}/logo.svg`]: 'two' }));
    expect(keptFiles(place)).toEqual(ASSETS_OF('1.0.0'));
  });

  it('is nothing where links are not possible, and that fails no update', () => {
    const place = deviceOn(release('1.0.0'));
    withoutLinks(() => applyRelease(place, release('2.0.0')));
    expect(kept(place)).toEqual({});
    expect(fs.existsSync(`${place.root}${WEB}/assets/app-2.0.0.js`)).toBe(true);
  });
});

describe('the folder', () => {
  it('is ours: what else is in it makes way, and goes', () => {
    const place = deviceOn(release('1.0.0'));
    writeTree(place.root, { [`${KEPT}/pikit-web/assets/deep`]: 'a file', [`${KEPT}/pikit-web/assets/app-1.0.0.js/x`]: 'x', [`${KEPT}/stray`]: 's' });
    fs.symlinkSync('/etc', `${place.root}${KEPT}/pikit-web/link`);
    applyRelease(place, release('2.0.0'));
    expect(keptFiles(place)).toEqual(ASSETS_OF('1.0.0'));
  });

  it('is left alone when it is a link to elsewhere', () => {
    const place = deviceOn(release('1.0.0'));
    writeTree(place.root, { '/elsewhere/x.js': 'x' });
    fs.symlinkSync(`${place.root}/elsewhere`, `${place.root}${KEPT}`);
    applyRelease(place, release('2.0.0'));
    removeOldAssetDirs(place);
    expect(fs.readdirSync(`${place.root}/elsewhere`)).toEqual(['x.js']);
  });

  it('goes with all that is in it when it is not known what it belongs to', () => {
    const place = deviceOn(release('1.0.0'), release('2.0.0'));
    removeOldAssetDirs(place);
    expect(kept(place)).toEqual({});
    removeOldAssetDirs(place);
  });

  it('costs the directories that it is told to cost', () => {
    const place = placeIn(dir());
    const gone = (path: string): Operation => anOperation({ path, old: { type: 'file', file: aFile(path) }, new: null });
    const ops = [gone(`${WEB}/a/b/c.js`), gone(`${WEB}/a/d.css`), gone(`${WEB}/index.html`), gone('/usr/local/bin/x.js')];
    const dirs = oldAssetDirs(place, ops);
    expect(dirs.sort()).toEqual(['', '/pikit-web', '/pikit-web/a', '/pikit-web/a/b'].map((path) => place.root + KEPT + path));
    writeTree(place.root, { [`${WEB}/a/b/c.js`]: 'c', [`${WEB}/a/d.css`]: 'd' });
    keepOldAssets(place, aJournal({ ops }), AT_ONCE);
    expect(Object.values(kept(place)).filter((what) => what.startsWith('dir'))).toHaveLength(dirs.length);
  });
});

describe.each<[string, (place: TransactionPaths) => unknown, (place: TransactionPaths) => unknown]>([
  ['an update', (place) => applyRelease(place, release('2.0.0')), (place) => applyRelease(place, release('3.0.0'))],
  ['a rollback', (place) => applyRelease(place, release('2.0.0')), (place) => rollBack(place)],
])('%s that is cut', (_name, before, act) => {
  it('leaves exactly what was kept, or exactly what is kept after it', () => {
    const start = deviceOn(release('1.0.0'));
    before(start);
    const copied = <T>(use: (place: TransactionPaths) => T): T => {
      const place = placeIn(`${dir()}/copy`);
      linkTree(start.root, place.root);
      try {
        return use(place);
      } finally {
        removeDir(place.root);
      }
    };
    const version = (place: TransactionPaths): string => fs.readFileSync(`${place.root}/etc/pikit/version`, 'utf8');
    const old = kept(start);
    const fresh = copied((place) => {
      act(place);
      return kept(place);
    });
    assert.notDeepEqual(fresh, old);
    const seen = new Set<string>();
    atEveryCall((at) =>
      copied((place) => {
        const run = runWithFault({ kind: 'die', at }, () => act(place));
        recover(place, recordingIn(place));
        assert.deepEqual(kept(place), version(place) === version(start) ? old : fresh);
        seen.add(version(place));
        return run;
      }),
    );
    expect(seen.size).toBe(2);
  });
});
