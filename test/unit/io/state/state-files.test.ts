import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DevicePaths } from '../../../../lib/core/device/paths.ts';
import { devicePaths } from '../../../../lib/core/device/paths.ts';
import type { Held, Staged, State } from '../../../../lib/core/device/state.ts';
import { Settings, emptyState } from '../../../../lib/core/device/state.ts';
import type { StateFiles } from '../../../../lib/io/state/state-files.ts';
import { stateFiles } from '../../../../lib/io/state/state-files.ts';
import { PROGRESS, receipt } from '../../../helpers/cli-device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { snapshot } from '../../../helpers/tree.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

const AT = '2026-11-20T10:00:00.000Z';
const SETTINGS = Settings.parse({ branch: 'beta', skipped_version: '1.0.0' });
const STATE: State = { ...emptyState(), current: '1.0.0', last_check: AT, drift: ['/x'] };
const STAGED: Staged = { version: '1.1.0', branch: 'stable', manifest_sha256: 'a'.repeat(64), at: AT };
const HELD: Held = { schema: 1, versions: [{ version: '1.1.0', reason: 'failed', code: null, message: 'x', at: AT, attempts: 0 }] };
const RECEIPT = receipt({ subject: 'pikit-api.service' });
let dir = '';
let paths: DevicePaths;
let files: StateFiles;
let reports: string[];
beforeEach(() => {
  dir = folderOfTest('state');
  paths = devicePaths(dir);
  reports = [];
  files = stateFiles(paths, (message) => reports.push(message));
});

function put(path: string, content: string | Buffer): void {
  fs.mkdirSync(join(path, '..'), { recursive: true });
  fs.writeFileSync(path, content);
}

interface Kind {
  path: () => string;
  write: () => void;
  read: () => unknown;
  value: unknown;
  none: unknown;
  mode: number;
}

const KINDS: [string, Kind][] = [
  [
    'state',
    {
      path: () => paths.state,
      write: () => {
        files.writeState(STATE);
      },
      read: () => files.readState(),
      value: STATE,
      none: emptyState(),
      mode: 0o644,
    },
  ],
  [
    'settings',
    {
      path: () => paths.settings,
      write: () => {
        files.writeSettings(SETTINGS);
      },
      read: () => files.readSettings(),
      value: SETTINGS,
      none: Settings.parse({}),
      mode: 0o644,
    },
  ],
  [
    'staged',
    {
      path: () => paths.staged,
      write: () => {
        files.writeStaged(STAGED);
      },
      read: () => files.readStaged(),
      value: STAGED,
      none: null,
      mode: 0o644,
    },
  ],
  [
    'held',
    {
      path: () => paths.held,
      write: () => {
        files.writeHeld(HELD);
      },
      read: () => files.readHeld(),
      value: HELD,
      none: { schema: 1, versions: [] },
      mode: 0o600,
    },
  ],
  [
    'progress',
    {
      path: () => paths.progress,
      write: () => {
        files.writeProgress(PROGRESS);
      },
      read: () => files.readProgress(),
      value: PROGRESS,
      none: null,
      mode: 0o644,
    },
  ],
];

describe.each(KINDS)('%s', (name, kind) => {
  it('comes back as it was written', () => {
    expect(kind.read()).toEqual(kind.none);
    kind.write();
    expect(kind.read()).toEqual(kind.value);
    kind.write();
    expect(fs.statSync(kind.path()).mode & 0o777).toBe(kind.mode);
    expect(fs.readdirSync(join(kind.path(), '..'))).toHaveLength(1);
    expect(reports).toEqual([]);
  });

  it('is set aside when it is damaged, whatever the damage', () => {
    kind.write();
    const good = fs.readFileSync(kind.path());
    const text = good.toString();
    const damaged: (string | Buffer)[] = [
      '',
      '\0'.repeat(good.length),
      `\uFEFF${text}`,
      `${text}x`,
      `[${text}]`,
      'null',
      '{}{}',
      '[]',
      '"x"',
      '1e999',
      text.replace('{', '{"more":1,'),
      text.replace('{', '{"__proto__":{},'),
      Buffer.concat([good, Buffer.from([0xff])]),
      text.replace(/"([a-z_]+)":/, '"$1":1,"$1":'),
    ];
    for (const bytes of damaged) {
      reports.length = 0;
      put(kind.path(), bytes);
      expect([String(bytes).slice(0, 80), kind.read()]).toEqual([String(bytes).slice(0, 80), kind.none]);
      expect(fs.existsSync(kind.path())).toBe(false);
      expect(fs.readFileSync(`${kind.path()}.damaged`)).toEqual(Buffer.from(bytes));
      expect(reports).toHaveLength(name === 'progress' ? 0 : 1);
    }
  });

  it('is never a crash: every truncation, and one flipped bit in every byte', () => {
    kind.write();
    const good = fs.readFileSync(kind.path());
    for (let length = 0; length < good.length - 2; length += 1) {
      put(kind.path(), good.subarray(0, length));
      expect([length, kind.read()]).toEqual([length, kind.none]);
    }
    for (let at = 0; at < good.length; at += 1) {
      const flipped = Buffer.from(good);
      flipped.writeUInt8(good.readUInt8(at) ^ (1 << (at % 8)), at);
      put(kind.path(), flipped);
      expect(kind.read()).toBeDefined();
    }
  });

  it.each<[string, string | null, (path: string) => void]>([
    [
      'is a symbolic link',
      'link',
      (path) => {
        put(join(dir, 'elsewhere'), JSON.stringify(kind.value));
        fs.symlinkSync(join(dir, 'elsewhere'), path);
      },
    ],
    [
      'is a symbolic link',
      'link',
      (path) => {
        fs.symlinkSync('nothing', path);
      },
    ],
    [
      'is a directory',
      'dir',
      (path) => {
        put(join(path, 'inside'), 'x');
      },
    ],
    [
      'is a special file',
      'special',
      (path) => {
        execFileSync('mkfifo', [path]);
      },
    ],
  ])('is set aside when it %s (%s), and is begun anew', (why, type, make) => {
    fs.mkdirSync(join(kind.path(), '..'), { recursive: true });
    make(kind.path());
    expect(kind.read()).toEqual(kind.none);
    expect(snapshot(join(kind.path(), '..'))[`/${basename(kind.path())}.damaged`]).toMatch(new RegExp(`^${type ?? ''}`));
    expect(reports).toEqual(name === 'progress' ? [] : [containing(why)]);
    if (fs.existsSync(join(dir, 'elsewhere'))) expect(fs.readFileSync(join(dir, 'elsewhere'), 'utf8')).toBe(JSON.stringify(kind.value));
    kind.write();
    expect(kind.read()).toEqual(kind.value);
  });

  it('is not written through a symlink', () => {
    put(join(dir, 'elsewhere'), 'original');
    fs.mkdirSync(join(kind.path(), '..'), { recursive: true });
    fs.symlinkSync(join(dir, 'elsewhere'), kind.path());
    kind.write();
    expect(fs.readFileSync(join(dir, 'elsewhere'), 'utf8')).toBe('original');
    expect(kind.read()).toEqual(kind.value);
  });

  it('is not read without bounds', () => {
    fs.mkdirSync(join(kind.path(), '..'), { recursive: true });
    const fd = fs.openSync(kind.path(), 'w');
    fs.ftruncateSync(fd, 3 * 1024 * 1024 * 1024);
    fs.closeSync(fd);
    expect(kind.read()).toEqual(kind.none);
    expect(fs.statSync(`${kind.path()}.damaged`).size).toBe(3 * 1024 * 1024 * 1024);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'belongs to its one writer when root writes it: to the user of the network steps, or to root (needs root)',
    () => {
      fs.mkdirSync(paths.cacheDir, { recursive: true });
      fs.chownSync(paths.cacheDir, 1234, 4321);
      kind.write();
      const { uid, gid } = fs.statSync(kind.path());
      expect([uid, gid]).toEqual(name === 'held' || name === 'settings' ? [0, 0] : [1234, 4321]);
    },
  );
});

describe('progress of a step that is root', () => {
  it.skipIf(process.getuid?.() !== 0)('is given away by its descriptor: the owner of the folder can change what a name means (needs root)', () => {
    const victim = join(dir, 'victim');
    put(victim, 'secret');
    fs.mkdirSync(paths.runDir, { recursive: true });
    fs.chownSync(paths.runDir, 1234, 4321);
    const { writeFileSync } = fs;
    fs.writeFileSync = (...args) => {
      writeFileSync(...args);
      fs.rmSync(`${paths.progress}.tmp`);
      fs.symlinkSync(victim, `${paths.progress}.tmp`);
    };
    try {
      files.writeProgress(PROGRESS);
    } finally {
      fs.writeFileSync = writeFileSync;
    }
    expect(fs.statSync(victim).uid).toBe(0);
  });
});

describe('a state that is begun anew', () => {
  it('knows from the version file what is installed', () => {
    put(paths.version, '1.2.3\n');
    expect(files.readState()).toEqual({ ...emptyState(), current: '1.2.3' });
    put(paths.state, '{');
    expect(files.readState()).toEqual({ ...emptyState(), current: '1.2.3' });
    put(paths.version, 'garbage');
    expect(files.readState().current).toBeNull();
  });

  it.each([
    ['current', { ...STATE, current: '1.0' }],
    ['latest', { ...STATE, latest: 'v1.0.0' }],
    ['held', { ...STATE, held: [{ ...HELD.versions[0], version: '1.o.0' }] }],
  ])('is begun anew when a version in it is none: %s', (_name, value) => {
    put(paths.state, JSON.stringify(value));
    expect(files.readState()).toEqual(emptyState());
    expect(reports).toEqual([containing('must be a semantic version')]);
  });
});

describe('what may be written', () => {
  it('is only what can be read again', () => {
    files.writeState(STATE);
    expect(() => {
      files.writeState({ ...STATE, last_check: 'yesterday' });
    }).toThrow(/last_check/);
    expect(files.readState()).toEqual(STATE);
  });

  it('goes away when it is done with, twice too', () => {
    files.writeStaged(STAGED);
    files.writeProgress(PROGRESS);
    for (let times = 0; times < 2; times += 1) {
      files.removeStaged();
      files.removeProgress();
    }
    expect([files.readStaged(), files.readProgress()]).toEqual([null, null]);
  });
});

describe('a damaged file', () => {
  it('is reported with its name, the reason, and where it is kept', () => {
    put(paths.state, '{');
    files.readState();
    expect(reports).toEqual([
      `state.json is not valid JSON: it ends too early (line 1, column 2); moved it to '${paths.state}.damaged' and started a new one`,
    ]);
  });

  it('may have been set aside by another process meanwhile', () => {
    put(paths.state, '{');
    const other = stateFiles(paths, () => {
      throw new Error('reported twice');
    });
    files = stateFiles(paths, () => undefined);
    expect(files.readState()).toEqual(emptyState());
    expect(other.readState()).toEqual(emptyState());
  });
});

it('tells no other user what a failed program wrote, also where an earlier version has written it down', () => {
  const failed = { ...RECEIPT, lines: ['password=hunter2'] };
  files.writeState({ ...emptyState(), last_result: failed });
  expect(fs.readFileSync(paths.state, 'utf8')).not.toContain('hunter2');
  fs.writeFileSync(paths.state, JSON.stringify({ ...emptyState(), last_result: failed }));
  expect(files.readState().last_result).toEqual(RECEIPT);
  fs.writeFileSync(
    paths.published,
    JSON.stringify({ schema: 1, version: null, installed: null, rollback: { is: 'none' }, history: [failed, RECEIPT] }),
  );
  expect(files.readPublished()?.history).toEqual([RECEIPT, RECEIPT]);
  expect(reports).toEqual([]);
});
