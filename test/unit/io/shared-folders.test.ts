/** Folders that two users write to: what the one can do to the files of the other, and what becomes of what is in the way. */
import fs from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DevicePaths } from '../../../lib/core/device/paths.ts';
import { devicePaths } from '../../../lib/core/device/paths.ts';
import type { PublicFacts } from '../../../lib/core/device/public-facts.ts';
import { emptyState } from '../../../lib/core/device/state.ts';
import type { StateFiles } from '../../../lib/io/state/state-files.ts';
import { stateFiles } from '../../../lib/io/state/state-files.ts';
import { takeOverLayout, takeOverSettings } from '../../../lib/io/state/take-over-layout.ts';
import { beforeCall } from '../../helpers/before-call.ts';
import { temporary } from '../../helpers/device.ts';
import { NETWORK_USER, asNetworkUser, shareFolders } from '../../helpers/shared-folders.ts';
import { wish } from '../../helpers/wish.ts';

const isRoot = process.getuid?.() === 0;
const SETTINGS = { branch: 'beta', auto: 'install', time: '04:20', skipped_version: null } as const;
const PUBLISHED: PublicFacts = { schema: 1, version: null, installed: null, rollback: { is: 'none' }, history: [] };

let root: string;
let paths: DevicePaths;
let files: StateFiles;
let reports: string[];
beforeEach(() => {
  if (!isRoot) return;
  root = temporary();
  paths = devicePaths(root);
  reports = [];
  files = stateFiles(paths, (message) => reports.push(message));
  shareFolders(root, paths);
});

describe.skipIf(!isRoot)("files of root's (needs root)", () => {
  it.each(['settings', 'published'] as const)('cannot be replaced, moved or removed by the user of the network steps: %s', (which) => {
    files.writeSettings(SETTINGS);
    files.writePublished(PUBLISHED);
    const file = paths[which];
    const before = fs.readFileSync(file, 'utf8');
    asNetworkUser(() => {
      fs.writeFileSync(`${paths.stateDir}/mine`, '{}');
      for (const act of [
        () => {
          fs.renameSync(`${paths.stateDir}/mine`, file);
        },
        () => {
          fs.renameSync(file, `${file}-away`);
        },
        () => {
          fs.unlinkSync(file);
        },
        () => {
          fs.appendFileSync(file, 'x');
        },
      ]) {
        expect(act).toThrow(/EPERM|EACCES/);
      }
    });
    expect(fs.readFileSync(file, 'utf8')).toBe(before);
  });

  it('are not believed when another user has put them there: they are set aside, once, by root', () => {
    asNetworkUser(() => {
      fs.writeFileSync(paths.settings, JSON.stringify(SETTINGS));
      fs.writeFileSync(paths.published, JSON.stringify(PUBLISHED));
    });
    expect([files.readSettings().auto, files.readPublished()]).toEqual(['check', null]);
    expect(reports).toEqual([
      `settings.json belongs to the user ${String(NETWORK_USER)}, who may not write it; moved it to '${paths.settings}.damaged' and started a new one`,
      `published.json belongs to the user ${String(NETWORK_USER)}, who may not write it; moved it to '${paths.published}.damaged' and started a new one`,
    ]);
    expect([files.readSettings().auto, reports.length]).toEqual(['check', 2]);
  });

  it('are not believed either when they are put there while root looks', () => {
    const path = /settings\.json$/;
    beforeCall('openSync', path, () => {
      beforeCall('openSync', path, () => {
        asNetworkUser(() => {
          fs.writeFileSync(paths.settings, JSON.stringify(SETTINGS));
        });
      });
    });
    expect(files.readSettings().auto).toBe('check');
  });

  it('are written past a temp file that is put there while root looks', () => {
    beforeCall('openSync', /settings\.json\.tmp$/, () => {
      asNetworkUser(() => {
        fs.writeFileSync(`${paths.settings}.tmp`, 'theirs');
      });
    });
    files.writeSettings(SETTINGS);
    expect(files.readSettings()).toEqual(SETTINGS);
    expect(fs.readdirSync(paths.stateDir).sort()).toEqual(['settings.json', 'settings.json.tmp']);
  });

  it('the user of the network steps cannot choose for the owner, with or without a file', () => {
    const choose = (): void => {
      asNetworkUser(() => {
        files.writeSettings(SETTINGS);
      });
    };
    expect(choose).toThrow(expect.objectContaining({ code: 'PERMISSION' }));
    files.writeSettings({ ...SETTINGS, auto: 'off' });
    expect(choose).toThrow(expect.objectContaining({ code: 'PERMISSION' }));
    expect(files.readSettings().auto).toBe('off');
  });

  it('orders cannot be planted', () => {
    asNetworkUser(() => {
      for (const dir of [paths.orders, `${paths.orders}/next`, `${paths.orders}/granted`]) {
        expect(() => {
          fs.writeFileSync(`${dir}/rollback`, '');
        }).toThrow(/EACCES/);
        expect(() => {
          fs.renameSync(dir, `${dir}-away`);
        }).toThrow(/EPERM|EACCES/);
      }
    });
  });
});

describe.skipIf(!isRoot)('files of the network steps (needs root)', () => {
  it('are theirs also when root wrote them last, so that they can be written again', () => {
    files.writeState(emptyState());
    expect(fs.statSync(paths.state).uid).toBe(NETWORK_USER);
    asNetworkUser(() => {
      files.writeState({ ...emptyState(), latest: '2.0.0' });
    });
    expect(files.readState().latest).toBe('2.0.0');
  });

  it('stay theirs when root writes them after the cache was removed', () => {
    files.writeState(emptyState());
    fs.rmSync(paths.cacheDir, { recursive: true });
    files.writeState({ ...emptyState(), latest: '2.0.0' });
    expect(fs.statSync(paths.state).uid).toBe(NETWORK_USER);
  });

  it('are written past the temp file of a step of root that was killed', () => {
    fs.writeFileSync(`${paths.state}.tmp`, 'half', { mode: 0o600 });
    asNetworkUser(() => {
      files.writeState(emptyState());
    });
    expect(files.readState()).toEqual(emptyState());
    files.writeState(emptyState());
    expect(fs.readdirSync(paths.stateDir)).toEqual(['state.json']);
  });

  const OBSTACLES: readonly (readonly [string, (path: string) => void])[] = [
    [
      'an empty folder',
      (path) => {
        fs.mkdirSync(path);
      },
    ],
    ['a folder with a folder', (path) => void fs.mkdirSync(`${path}/in/it`, { recursive: true })],
    [
      'a link',
      (path) => {
        fs.symlinkSync('/etc/hostname', path);
      },
    ],
    [
      'a link to nothing',
      (path) => {
        fs.symlinkSync('nothing', path);
      },
    ],
    [
      'an unreadable file',
      (path) => {
        fs.writeFileSync(path, 'x', { mode: 0o000 });
      },
    ],
  ];
  const WRITES: readonly (readonly [string, () => string, () => void])[] = [
    ['state.json', () => paths.state, () => { files.writeState(emptyState()); }], // prettier-ignore
    ['state.json.tmp', () => `${paths.state}.tmp`, () => { files.writeState(emptyState()); }], // prettier-ignore
    ['staged', () => paths.staged, () => { files.removeStaged(); }], // prettier-ignore
    ['settings.json.tmp', () => `${paths.settings}.tmp`, () => { files.writeSettings(SETTINGS); }], // prettier-ignore
    ['published.json.tmp', () => `${paths.published}.tmp`, () => { files.writePublished(PUBLISHED); }], // prettier-ignore
    ['progress.json', () => paths.progress, () => { files.removeProgress(); }], // prettier-ignore
    ['next/apply', () => `${paths.next}/apply`, () => { files.dropToken('apply'); }], // prettier-ignore
  ];
  const rows = WRITES.flatMap((write) => OBSTACLES.map((obstacle) => [write[0], obstacle[0], write, obstacle] as const));

  it.each(rows)('root gets past what is at %s: %s', (_name, _what, [, pathOf, write], [, put]) => {
    const path = pathOf();
    asNetworkUser(() => {
      put(path);
    });
    const isFolder = fs.lstatSync(path).isDirectory();
    write();
    expect(fs.lstatSync(path, { throwIfNoEntry: false })?.uid ?? 'gone').toBe(path === paths.state ? NETWORK_USER : 'gone');
    for (const report of reports) expect(report).not.toContain('/proc/');
    if (isFolder && path !== paths.progress) {
      expect(reports).toEqual([`'${path}' is a directory where a file belongs; moved it to '${path}.damaged' and started a new one`]);
    } else {
      expect(reports).toEqual([]);
    }
    expect(fs.readFileSync('/etc/hostname', 'utf8')).not.toContain('schema');
  });

  it('tells the user of the network steps what root can remove', () => {
    fs.mkdirSync(paths.state);
    expect(() => {
      asNetworkUser(() => {
        files.writeState(emptyState());
      });
    }).toThrow(expect.objectContaining({ code: 'PERMISSION', message: `'${paths.state}' belongs to the user 0, and cannot be replaced` }));
  });
});

describe.skipIf(!isRoot)('the layout before this one (needs root)', () => {
  /** As before systemd-tmpfiles gives the folder to root. */
  async function whileTheirs(act: () => Promise<void>): Promise<void> {
    fs.chownSync(paths.stateDir, NETWORK_USER, 0);
    await act();
    fs.chownSync(paths.stateDir, 0, 0);
  }

  it('is taken over: the choices stay, old tokens and links go, and nothing they lead to is touched', async () => {
    const outside = `${root}/outside`;
    fs.mkdirSync(outside);
    fs.writeFileSync(`${outside}/rollback`, 'theirs');
    fs.writeFileSync(`${outside}/apply`, 'theirs');
    fs.rmSync(paths.orders, { recursive: true });
    for (const dir of [paths.next, paths.granted]) {
      fs.rmdirSync(dir);
      fs.symlinkSync(outside, dir);
    }
    fs.writeFileSync(paths.settings, JSON.stringify(SETTINGS));
    fs.chownSync(paths.settings, NETWORK_USER, 0);
    for (const name of ['retry', 'wanted', 'confirmed.json']) fs.writeFileSync(`${paths.runDir}/${name}`, 'x');
    await whileTheirs(async () => {
      await takeOverSettings(paths, files, (message) => reports.push(message));
    });
    await takeOverLayout(paths, files, (message) => reports.push(message));
    expect(files.readSettings()).toEqual(SETTINGS);
    expect(fs.statSync(paths.settings).uid).toBe(0);
    expect(fs.readdirSync(paths.runDir).sort()).toEqual(['granted', 'granted.damaged', 'next', 'next.damaged', 'orders']);
    expect([paths.next, paths.granted].map((dir) => fs.lstatSync(dir).mode & 0o7777)).toEqual([0o1775, 0o1775]);
    expect(fs.readdirSync(outside).map((name) => fs.readFileSync(`${outside}/${name}`, 'utf8'))).toEqual(['theirs', 'theirs']);
    await takeOverLayout(paths, files, (message) => reports.push(message));
    expect(reports).toHaveLength(2);
  });

  it.each(['{', '{"auto":"everything"}'])('damaged choices are the defaults, and kept: %s', async (text) => {
    fs.writeFileSync(paths.settings, text);
    fs.chownSync(paths.settings, NETWORK_USER, 0);
    await whileTheirs(async () => {
      await takeOverSettings(paths, files, (message) => reports.push(message));
    });
    expect([files.readSettings().auto, fs.readFileSync(`${paths.settings}.damaged`, 'utf8')]).toEqual(['check', text]);
  });

  it('choices that another user put there afterwards are none', async () => {
    const planted = JSON.stringify({ ...SETTINGS, auto: 'install' });
    fs.writeFileSync(paths.settings, planted);
    fs.chownSync(paths.settings, NETWORK_USER, 0);
    await takeOverLayout(paths, files, (message) => reports.push(message));
    expect([files.readSettings().auto, fs.readFileSync(`${paths.settings}.damaged`, 'utf8')]).toEqual(['check', planted]);
    expect(fs.statSync(paths.settings).uid).toBe(0);
  });

  it("takes away orders that were put there before the folder was root's", async () => {
    files.writeWanted(wish(new Date('2026-11-20T12:00:00.000Z'), { version: '1.2.0' }));
    fs.mkdirSync(`${paths.orders}/granted/rollback`);
    // Of the layout in which there were three.
    for (const name of ['retry', 'confirmed.json']) fs.writeFileSync(`${paths.orders}/${name}`, 'x');
    for (const name of ['next/rollback', 'granted/apply', 'lock', 'settings.lock']) fs.writeFileSync(`${paths.orders}/${name}`, 'x');
    for (const name of ['next/rollback', 'granted/rollback', 'granted/apply', 'lock', 'settings.lock'])
      fs.chownSync(`${paths.orders}/${name}`, NETWORK_USER, 0);
    await takeOverLayout(paths, files, (message) => reports.push(message));
    expect([paths.orders, `${paths.orders}/next`, `${paths.orders}/granted`].map((dir) => fs.readdirSync(dir).sort())).toEqual([
      ['granted', 'next', 'settings.lock', 'wanted'],
      [],
      ['apply', 'rollback.damaged'],
    ]);
    // Made anew: what another user has opened is no lock any more.
    expect(fs.statSync(paths.settingsLock).uid).toBe(0);
  });

  it('without choices the defaults are written, so that no other user can put some there', async () => {
    await takeOverLayout(paths, files, (message) => reports.push(message));
    expect([fs.statSync(paths.settings).uid, reports]).toEqual([0, []]);
  });
});
