import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import { isIntact, readBackupIn, wholeBackups } from '../../../lib/transaction/change/backups.ts';
import { readInstalled } from '../../../lib/transaction/change/installed.ts';
import { readJournal } from '../../../lib/transaction/journal.ts';
import type { TransactionPaths } from '../../../lib/transaction/transaction-paths.ts';
import { planChange } from '../../../lib/transaction/plan/plan.ts';
import { commit, startApplying, open, undo } from '../../../lib/transaction/transaction.ts';
import type { Journal } from '../../../lib/transaction/types.ts';
import type { Release } from '../../helpers/change.ts';
import { applyRelease, placeIn, recordingIn, releaseChange, rollBack } from '../../helpers/change.ts';
import { runWithFault } from '../../helpers/crash.ts';
import { worldOf } from '../../helpers/oracle.ts';
import { FOREIGN_PATHS, NEW_WEB, OLD_WEB, V2, bareDevice, device, updatedDevice } from '../../helpers/scenario.ts';
import { useTempDir } from '../../helpers/temp.ts';
import { inodes, snapshot } from '../../helpers/tree.ts';

const dir = useTempDir();
const root = (): string => `${dir()}/device`;

/** The files of the web folder: mode and content. */
function web(place: TransactionPaths): Record<string, string> {
  const prefix = '/var/www/pikit-web';
  const entries = Object.entries(snapshot(place.root)).filter(([path]) => path.startsWith(`${prefix}/`));
  return Object.fromEntries(entries.map(([path, what]) => [path.slice(prefix.length + 1), what.replace(/^(dir|file) (\d+) \d+:\d+ ?/, '$2 ')]));
}

const read = (place: TransactionPaths, path: string): string => fs.readFileSync(`${place.root}${path}`, 'utf8');

describe('an update', () => {
  it('makes the tree the new release and keeps what is not ours', () => {
    const place = device(root());
    expect(web(place)).toEqual(OLD_WEB);
    const foreign = inodes(place.root, FOREIGN_PATHS);
    const same = inodes(place.root, ['/var/www/pikit-web/assets/same.css', '/var/www/pikit-web/site.conf']);
    expect(applyRelease(place, V2)).toBeNull();
    expect(web(place)).toEqual(NEW_WEB);
    expect(read(place, '/etc/pikit/version')).toBe('2.0.0\n');
    expect(read(place, '/record')).toBe('2.0.0\n');
    expect(inodes(place.root, FOREIGN_PATHS)).toEqual(foreign);
    expect(inodes(place.root, Object.keys(same))).toEqual(same);
    expect(fs.readdirSync(`${place.root}/var/lib/pikit`)).toEqual(['edited', 'installed.json']);
  });

  it('lists what it installed, and keeps exactly one backup: that of this update', () => {
    const place = updatedDevice(root());
    const installed = readInstalled(place);
    expect(installed?.version).toBe('2.0.0');
    expect(installed?.dirs).toEqual(['deep', 'deep/er', 'thing', 'thing/sub'].map((name) => `/var/www/pikit-web/${name}`));
    const folders = wholeBackups(place);
    expect(folders).toHaveLength(1);
    const backup = readBackupIn(place, folders[0] ?? '');
    expect(backup).toMatchObject({ is: 'there', value: { from: '1.0.0', to: '2.0.0', after: installed } });
    expect(backup.is === 'there' && isIntact(place, folders[0] ?? '', backup.value)).toBe(true);
  });

  it('that fails its health check leaves everything as it was, the old inodes included', () => {
    const place = device(root());
    const before = worldOf(place);
    const live = ['/var/www/pikit-web/index.html', '/var/www/pikit-web/thing', '/var/www/pikit-web/nest/in/d.txt', '/usr/local/bin/pikit-api.py'];
    const old = inodes(place.root, [...live, ...FOREIGN_PATHS]);
    const backups = snapshot(`${place.root}/var/backups`);
    expect(() => applyRelease(place, V2, false)).toThrow('it does not answer');
    expect(worldOf(place)).toEqual(before);
    expect(inodes(place.root, [...live, ...FOREIGN_PATHS])).toEqual(old);
    expect(snapshot(`${place.root}/var/backups`)).toEqual(backups);
    expect(fs.readdirSync(`${place.root}/var/lib/pikit`)).toEqual(['edited', 'installed.json']);
  });
});

describe('a first update', () => {
  const RELEASE: Release = { version: '1.0.0', files: { '/var/www/pikit-web/index.html': 'page' } };
  const modes = (place: TransactionPaths): string[] =>
    Object.entries(snapshot(place.root)).map(([path, what]) => `${path} ${what.slice(0, what.indexOf(' ') + 5)}`);

  it('works in an empty folder: what is above our own folders is open to everybody, they are not', () => {
    fs.mkdirSync(root());
    const place = placeIn(root());
    expect(applyRelease(place, RELEASE)).toBeNull();
    expect(modes(place)).toEqual(
      expect.arrayContaining([
        '/var dir 0755',
        '/var/lib dir 0755',
        '/var/lib/pikit dir 0700',
        '/var/backups/pikit dir 0700',
        '/var/www/pikit-web dir 0755',
      ]),
    );
    expect(rollBack(place)).toBeNull();
    expect(Object.keys(snapshot(place.root)).filter((path) => path.includes('www') && !path.includes('backups'))).toEqual([]);
  });

  it('that fails in an empty folder leaves only our own folders', () => {
    fs.mkdirSync(root());
    const place = placeIn(root());
    expect(() => applyRelease(place, RELEASE, false)).toThrow();
    expect(Object.keys(snapshot(place.root))).toEqual(['/record', '/var', '/var/backups', '/var/backups/pikit', '/var/lib', '/var/lib/pikit']);
  });
});

describe('a rollback', () => {
  it('brings the earlier release back exactly, owners included, and keeps edits aside', () => {
    const place = updatedDevice(root());
    expect(rollBack(place)).toBeNull();
    expect(web(place)).toEqual(OLD_WEB);
    expect(read(place, '/etc/pikit/version')).toBe('1.0.0\n');
    const adopted = fs.statSync(`${place.root}/var/www/pikit-web/adopted.txt`);
    if (process.getuid?.() === 0) expect([adopted.uid, adopted.gid]).toEqual([33, 33]);
    expect(readInstalled(place)?.version).toBe('1.0.0');
    expect(
      worldOf(place)
        .edited.map((line) => line.replace(/ file 0600 \d+:\d+/, ''))
        .sort(),
    ).toEqual([
      '/usr/local/bin/pikit-api.py "# of the image\\n"',
      '/var/www/pikit-web/adopted.txt "foreign until 2.0.0"',
      '/var/www/pikit-web/deep/er/new.txt "edited on 2.0.0"',
      '/var/www/pikit-web/edited.txt "edited by the owner"',
    ]);
    expect(wholeBackups(place)).toHaveLength(1);
  });

  it('of the first update leaves what was there before it', () => {
    const place = bareDevice(root());
    const before = worldOf(place);
    applyRelease(place, V2);
    expect(rollBack(place)).toBeNull();
    expect(worldOf(place).tree).toEqual(before.tree);
    expect(worldOf(place).installed).toEqual({ schema: 1, version: null, branch: 'stable', files: [], dirs: [] });
  });

  it('can be followed by the update again', () => {
    const place = updatedDevice(root());
    rollBack(place);
    expect(applyRelease(place, V2)).toBeNull();
    expect(web(place)).toEqual(NEW_WEB);
  });
});

describe('open', () => {
  const opening = { kind: 'apply' as const, from: '1.0.0', to: '2.0.0', branch: 'stable', now: new Date(0), backup: null };

  it('changes nothing live', () => {
    const place = device(root());
    const before = worldOf(place);
    const installed = readInstalled(place);
    const journal = open(place, opening, planChange(place, releaseChange(place, V2)), installed);
    const during = snapshot(place.root);
    for (const [path, what] of Object.entries(before.tree)) expect(during[path], path).toBe(what);
    expect(readJournal(place)).toEqual(journal);
    undo(place, journal, null, () => undefined);
    expect(worldOf(place)).toEqual(before);
  });

  it('refuses while another transaction is open, and leaves that one alone', () => {
    const place = device(root());
    const plan = planChange(place, releaseChange(place, V2));
    const journal = open(place, opening, plan, readInstalled(place));
    const during = snapshot(place.root);
    expect(() => open(place, opening, plan, readInstalled(place))).toThrow(/a transaction is open already/);
    expect(snapshot(place.root)).toEqual(during);
    expect(readJournal(place)?.tx).toBe(journal.tx);
  });

  it('removes what it made when staged bytes are not those of the manifest, and says which', () => {
    const place = device(root());
    const before = snapshot(place.root);
    const change = releaseChange(place, V2);
    const plan = planChange(place, {
      ...change,
      puts: change.puts.map((put) => ({ ...put, content: { from: 'bytes' as const, bytes: Buffer.from('evil') } })),
    });
    expect(() => open(place, opening, plan, readInstalled(place))).toThrow(expect.objectContaining({ code: 'DIGEST_MISMATCH' }));
    expect(snapshot(place.root)).toEqual(before);
  });

  it('refuses a file that changed since it was planned, and leaves the change', () => {
    const place = device(root());
    const plan = planChange(place, releaseChange(place, V2));
    fs.writeFileSync(`${place.root}/var/www/pikit-web/edited.txt`, 'saved just now');
    const before = snapshot(place.root);
    expect(() => open(place, opening, plan, readInstalled(place))).toThrow(expect.objectContaining({ code: 'RELEASE_CHANGED' }));
    expect(snapshot(place.root)).toEqual(before);
  });
});

describe('commit', () => {
  /** The call after the rename of the journal: unlink, open, write, fchmod, fsync and rename come before it. */
  const DIRECTORY_FSYNC = 7;

  /** A transaction in phase `applying`. */
  function entered(release: Release = V2): { place: TransactionPaths; journal: Journal } {
    const place = device(root());
    const installed = readInstalled(place);
    const plan = planChange(place, releaseChange(place, release));
    const opened = open(
      place,
      { kind: 'apply', from: '1.0.0', to: release.version, branch: 'stable', now: new Date(), backup: null },
      plan,
      installed,
    );
    return { place, journal: startApplying(place, opened) };
  }

  it('answers with what is left to do when the tidying up fails, and stays committed', () => {
    const { place, journal } = entered();
    const unfinished = commit(place, journal, () => {
      throw Object.assign(new Error('ENOSPC: no room for state.json'), { code: 'ENOSPC' });
    });
    expect(unfinished).toBeInstanceOf(UpdateError);
    expect(unfinished?.code).toBe('NO_SPACE');
    expect(readJournal(place)?.phase).toBe('committed');
    expect(web(place)).toEqual(NEW_WEB);
  });

  it('that fails after its journal was renamed can be undone: the disk says `applying` again first', () => {
    const { place, journal } = entered();
    const run = runWithFault({ kind: 'fail', at: DIRECTORY_FSYNC, errno: 'EIO', sticky: false }, () => commit(place, journal, () => undefined));
    expect(run.error).toBeDefined();
    expect(readJournal(place)?.phase).toBe('committed');
    undo(place, journal, null, recordingIn(place).undone);
    expect(web(place)).toEqual(OLD_WEB);
    expect(readJournal(place)).toBeNull();
  });

  it('that fails there for good is left alone by undo: what the disk calls committed is not touched', () => {
    const { place, journal } = entered();
    const run = runWithFault({ kind: 'fail', at: DIRECTORY_FSYNC, errno: 'EIO', sticky: true }, () => {
      try {
        commit(place, journal, () => undefined);
      } catch {
        undo(place, journal, null, recordingIn(place).undone);
      }
    });
    expect(run.error).toBeDefined();
    expect(readJournal(place)?.phase).toBe('committed');
    expect(web(place)).toMatchObject({ 'index.html': NEW_WEB['index.html'] });
  });
});
