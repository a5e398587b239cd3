import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../lib/core/device/config.ts';
import { LIBRARIES } from '../../scripts/libraries.ts';
import { WEB_FILES, packageFiles } from '../../scripts/deb.ts';

const project = path.resolve(import.meta.dirname, '../..');
const unitsDir = path.join(project, 'units');
const units = fs.readdirSync(unitsDir).filter((file) => /\.(?:service|timer|socket)$/.test(file));
const services = units.filter((file) => file.endsWith('.service'));
const API = 'pikit-update-api.service';
const ORDER = 'pikit-update-order@.service';
const steps = services.filter((file) => file !== API && file !== ORDER);
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).error === undefined;

const SANDBOX = 'pikit-update-.service.d/10-sandbox.conf';

/** The settings of a unit and of the drop-in that services share, each with its values in order; comments and sections are dropped. */
function settings(unit: string, files = unit.endsWith('.service') ? [unit, SANDBOX] : [unit]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of files.flatMap((file) => fs.readFileSync(path.join(unitsDir, file), 'utf8').split('\n'))) {
    const match = /^([A-Za-z]+)=(.*)$/.exec(line);
    if (match?.[1] === undefined) continue;
    found.set(match[1], [...(found.get(match[1]) ?? []), match[2] ?? '']);
  }
  return found;
}

const step = (name: string) => `pikit-update-${name}.service`;
const NETWORKED = [step('check'), step('fetch'), step('ask-root')];

describe('edges of the chain', () => {
  test.each([
    ['check-to-fetch', step('check'), 'OnSuccess', ['pikit-update-gate@fetch.service']],
    ['check-failed', step('check'), 'OnFailure', undefined],
    ['fetch-to-apply', step('fetch'), 'OnSuccess', ['pikit-update-gate@apply.service']],
    ['fetch-failed', step('fetch'), 'OnFailure', undefined],
    ['fetch-once-in-a-chain', step('fetch'), 'ConditionPathExists', ['!/run/pikit-update/orders/granted/apply']],
    ['apply-needs-fetch', step('apply'), 'Requires', ['pikit-update-fetch.service']],
    ['apply-opens-its-run', step('apply'), 'Wants', [step('begin')]],
    ['begin-first', step('begin'), 'Before', [`${step('fetch')} ${step('apply')}`]],
    ['begin-by-hand-alone', step('begin'), 'ConditionPathExists', ['!/run/pikit-update/orders/granted/apply']],
    ['begin-never-limited', step('begin'), 'StartLimitIntervalSec', ['0']],
    ['apply-done', step('apply'), 'OnSuccess', undefined],
    ['apply-killed', step('apply'), 'OnFailure', ['pikit-update-gate@rollback.service']],
    ['apply-never-limited', step('apply'), 'StartLimitIntervalSec', ['0']],
    ['rollback-is-the-end', step('rollback'), 'OnFailure', undefined],
    ['rollback-never-limited', step('rollback'), 'StartLimitIntervalSec', ['0']],
    ['gate-needs-token', 'pikit-update-gate@.service', 'ConditionPathExists', ['/run/pikit-update/next/%i']],
    ['gate-to-step', 'pikit-update-gate@.service', 'OnSuccess', ['pikit-update-%i.service']],
    ['gate-to-apply-needs-token', 'pikit-update-gate@apply.service', 'ConditionPathExists', ['/run/pikit-update/next/apply']],
    ['gate-to-apply', 'pikit-update-gate@apply.service', 'OnSuccess', ['pikit-update-apply.service']],
    [
      'gate-to-apply-moves',
      'pikit-update-gate@apply.service',
      'ExecStart',
      ['/usr/bin/mv -T /run/pikit-update/next/apply /run/pikit-update/orders/granted/apply'],
    ],
    ['gate-to-apply-never-limited', 'pikit-update-gate@apply.service', 'StartLimitIntervalSec', ['0']],
    ['gate-to-rollback-needs-token', 'pikit-update-gate@rollback.service', 'ConditionPathExists', ['/run/pikit-update/orders/next/rollback']],
    ['gate-to-rollback', 'pikit-update-gate@rollback.service', 'OnSuccess', ['pikit-update-rollback.service']],
    [
      'gate-to-rollback-moves',
      'pikit-update-gate@rollback.service',
      'ExecStart',
      ['/usr/bin/mv -T /run/pikit-update/orders/next/rollback /run/pikit-update/orders/granted/rollback'],
    ],
    ['gate-to-rollback-never-limited', 'pikit-update-gate@rollback.service', 'StartLimitIntervalSec', ['0']],
    ['gate-never-limited', 'pikit-update-gate@.service', 'StartLimitIntervalSec', ['0']],
    ['recover-if-open', step('recover'), 'ConditionPathExists', ['/var/lib/pikit/journal.json']],
    ['recover-at-boot', step('recover'), 'WantedBy', ['multi-user.target']],
    ['recover-tied-to-nothing', step('recover'), 'RequiredBy', undefined],
    ['timer-to-check', 'pikit-update.timer', 'Unit', ['pikit-update-check.service']],
  ])('%s', (_name, unit, key, expected) => {
    expect(settings(unit).get(key)).toEqual(expected);
  });

  test('apply waits for fetch', () => {
    expect(settings(step('apply')).get('After')?.join(' ').split(' ')).toContain('pikit-update-fetch.service');
  });

  test('recover is done before the dashboard and every step', () => {
    expect(settings(step('recover')).get('Before')?.join(' ').split(' ')).toEqual(
      expect.arrayContaining([
        'nginx.service',
        'pikit-api.service',
        'dietpi-dashboard-frontend.service',
        ...['check', 'fetch', 'apply', 'rollback'].map(step),
      ]),
    );
  });
});

test.each(steps)('%s is a oneshot that ends, and is never skipped in a way that goes on', (unit) => {
  const own = settings(unit);
  expect(own.get('Type')).toEqual(['oneshot']);
  expect(own.has('RemainAfterExit')).toBe(false);
  expect(own.has('ExecCondition')).toBe(false);
});

describe('the API', () => {
  const own = settings(API);

  test('is there when it is asked, and no unit of an update knows it', () => {
    expect(own.get('Type')).toEqual(['exec']);
    expect(own.has('Restart')).toBe(false);
    for (const unit of steps) expect(fs.readFileSync(path.join(unitsDir, unit), 'utf8')).not.toContain('pikit-update-api');
    for (const key of ['Requires', 'BindsTo', 'PartOf', 'Conflicts', 'OnSuccess', 'OnFailure', 'WantedBy']) expect(own.has(key)).toBe(false);
  });

  test('brings the socket of its orders along', () => {
    expect(own.get('Wants')).toEqual(['pikit-update-order.socket']);
    expect(own.get('After')).toEqual(['dbus.service pikit-update-order.socket']);
  });

  test('writes nothing', () => {
    for (const key of ['ReadWritePaths', 'StateDirectory', 'RuntimeDirectory', 'CacheDirectory', 'LogsDirectory', 'ConfigurationDirectory'])
      expect([key, own.has(key)]).toEqual([key, false]);
    expect(own.get('ProtectSystem')).toEqual(['strict']);
  });

  test('opens a socket to the web server alone', () => {
    const socket = settings('pikit-update-api.socket');
    const wanted = { ListenStream: '/run/pikit-update-api/api.sock', SocketUser: 'root', SocketGroup: 'www-data', SocketMode: '0660' };
    for (const [key, value] of Object.entries({ ...wanted, DirectoryMode: '0755', FileDescriptorName: 'unix' }))
      expect(socket.get(key)).toEqual([value]);
  });

  test('opens another, if the owner wants it, to this device alone', () => {
    const socket = settings('pikit-update-api-tcp.socket');
    const wanted = { ListenStream: '127.0.0.1:8737', Service: API, IPAddressDeny: 'any', IPAddressAllow: 'localhost', FileDescriptorName: 'tcp' };
    for (const [key, value] of Object.entries(wanted)) expect(socket.get(key)).toEqual([value]);
    expect(fs.readFileSync(path.join(unitsDir, 'deb/postinst'), 'utf8')).not.toMatch(/deb-systemd-helper.*api-tcp/);
  });

  test('makes no socket of the network, and gets its token from a file that may be missing', () => {
    expect(own.get('RestrictAddressFamilies')).toEqual(['AF_UNIX AF_NETLINK']);
    expect(own.get('LoadCredential')).toEqual(['pikit-api-token:/etc/pikit/api-token']);
    expect(own.get('SetCredential')).toEqual(['pikit-api-token:\\n']);
  });
});

describe('orders to root', () => {
  const own = settings(ORDER);

  test('come over a socket that is for the API alone, in a folder of root', () => {
    const socket = settings('pikit-update-order.socket');
    const wanted = {
      ListenStream: '/run/pikit-update-api/order.sock',
      SocketUser: 'root',
      SocketGroup: 'pikit-update-api',
      SocketMode: '0660',
      DirectoryMode: '0755',
      Accept: 'yes',
      RemoveOnStop: 'true',
    };
    for (const [key, value] of Object.entries(wanted)) expect(socket.get(key)).toEqual([value]);
    // Reaching a limit would end the socket, and with it all orders.
    for (const [key, value] of [
      ['TriggerLimitIntervalSec', '0'],
      ['MaxConnections', '8'],
    ] as const)
      expect(socket.get(key)).toEqual([value]);
    expect(own.get('StartLimitIntervalSec')).toEqual(['0']);
    expect(own.get('CollectMode')).toEqual(['inactive-or-failed']);
  });

  test('are one for a process, which is the connection, has no network, and ends', () => {
    for (const key of ['StandardInput', 'StandardOutput']) expect(own.get(key)).toEqual(['socket']);
    expect(own.get('StandardError')).toEqual(['journal']);
    expect(own.get('RuntimeMaxSec')).toEqual(['60s']);
    expect(own.get('PrivateNetwork')).toEqual(['true']);
    expect(own.get('ReadWritePaths')).toEqual(['-/run/pikit-update -/run/pikit-update.lock -/var/lib/pikit-update']);
    expect(own.get('LoadCredential')).toBeUndefined();
  });

  test('are all that another user can do: no rule of polkit gives anybody a job', () => {
    const all = fs.readdirSync(unitsDir, { recursive: true, encoding: 'utf8' });
    expect(all.filter((file) => file.endsWith('.rules'))).toEqual([]);
    expect(fs.readFileSync(path.join(unitsDir, 'deb/control'), 'utf8')).not.toContain('polkit');
  });
});

describe.each(services)('%s', (unit) => {
  const own = settings(unit);

  test('has limits in time, a name in the journal and documentation', () => {
    for (const key of ['TimeoutStartSec', 'TimeoutStopSec', 'SyslogIdentifier', 'Documentation', 'Description']) expect(own.get(key)).toHaveLength(1);
  });

  test('has no setting of one value beside that of the drop-in, which would win', () => {
    const [unitsOwn, shared] = [settings(unit, [unit]), settings(unit, [SANDBOX])];
    const lists = ['Environment', 'UnsetEnvironment', 'ReadOnlyPaths'];
    expect([...unitsOwn.keys()].filter((key) => shared.has(key) && !lists.includes(key))).toEqual([]);
    for (const [key, values] of shared) if (!lists.includes(key)) expect([key, values.length]).toEqual([key, 1]);
  });

  test('does not start without the sandbox, unless it is of the way back', () => {
    const isBack = [step('recover'), step('rollback'), 'pikit-update-gate@rollback.service'].includes(unit);
    expect(own.get('AssertPathExists')).toEqual(isBack ? undefined : [`/usr/lib/systemd/system/${SANDBOX}`]);
  });

  test('keeps /run read-only, which ProtectSystem=strict alone does not', () => {
    expect(own.get('ReadOnlyPaths')).toContain('/run');
  });
});

test.each([
  ['check', 'pikit-update'],
  ['fetch', 'pikit-update'],
  ['begin', 'pikit-update'],
  ['ask-root', 'pikit-update'],
  ['gate@', 'pikit-update'],
  ['gate@apply', 'root'],
  ['gate@rollback', 'root'],
  ['apply', 'root'],
  ['rollback', 'root'],
  ['recover', 'root'],
  ['auto@', 'root'],
  ['api', 'pikit-update-api'],
  ['order@', 'root'],
])('user-of-%s', (name, user) => {
  expect(settings(step(name)).get('User')).toEqual([user]);
});

test.each(steps)('only the three with network get the token, from a file that may be missing: %s', (unit) => {
  const own = settings(unit);
  const isNetworked = NETWORKED.includes(unit);
  expect(own.get('LoadCredential')).toEqual(isNetworked ? ['pikit-update-token:/etc/pikit/source-token'] : undefined);
  // Without a default, a missing file would be 243/CREDENTIALS; an empty one is "invalid syntax, ignoring" (systemd 252).
  expect(own.get('SetCredential')).toEqual(isNetworked ? ['pikit-update-token:\\n'] : undefined);
});

test.each(NETWORKED)('%s has no bus, and no way to say anything to systemd', (unit) => {
  const own = settings(unit);
  expect(own.get('NotifyAccess')).toEqual(['none']);
  const through = unit === step('ask-root') ? [] : ['/usr/lib/pikit-update/notify-exec'];
  expect(own.get('ExecStart')?.map((line) => line.split(' --')[0]?.split(' '))).toEqual([[...through, '/usr/bin/node']]);
  expect(own.get('InaccessiblePaths')).toEqual(['-/run/dbus -/run/systemd/private -/run/systemd/notify']);
  // systemd would give a folder of StateDirectory= to the user of the unit, with all that is in it.
  expect(own.has('StateDirectory')).toBe(false);
});

test.each(services)('%s lets no child of its program speak for it', (unit) => {
  const isHeard = [step('apply'), step('rollback'), step('recover')].includes(unit);
  expect(settings(unit).get('NotifyAccess') ?? ['none']).toEqual([isHeard ? 'main' : 'none']);
  const isStep = isHeard || [step('check'), step('fetch')].includes(unit);
  expect(settings(unit).get('ExecStart')?.[0]?.startsWith('/usr/lib/pikit-update/notify-exec ')).toBe(isStep);
});

test.each(steps)('%s begins without a folder that was removed, to say so', (unit) => {
  const own = settings(unit);
  // A condition of its own, or made by systemd itself.
  const there = ['/var', ...(own.get('ConditionPathExists') ?? []).map((path) => path.replace(/\/next\/.*$/, '').replace(/\/orders$/, ''))];
  const made = (own.get('ConfigurationDirectory') ?? []).map((dir) => `/etc/${dir}`);
  const needed = (own.get('ReadWritePaths') ?? []).flatMap((line) => line.split(' ')).filter((path) => !path.startsWith('-'));
  expect(needed.filter((path) => ![...there, ...made].includes(path))).toEqual([]);
});

test("folders that two users write to are root's and sticky, and orders are root's alone", () => {
  const lines = fs.readFileSync(path.join(unitsDir, 'pikit-update.tmpfiles'), 'utf8').split('\n');
  const folders = lines.flatMap((line) => (line.startsWith('d ') ? [line.split(/\s+/).slice(1, 5)] : []));
  const run = '/run/pikit-update';
  const shared = [run, `${run}/next`, `${run}/granted`, '/var/lib/pikit-update'];
  expect(folders.filter(([dir]) => shared.includes(dir ?? ''))).toEqual(shared.map((dir) => [dir, '1775', 'root', 'pikit-update']));
  const roots = ['', '/next', '/granted'].map((dir) => `${run}/orders${dir}`);
  expect(folders.filter(([dir]) => roots.includes(dir ?? ''))).toEqual(roots.map((dir) => [dir, '0755', 'root', 'root']));
  // In one of root's, so that it cannot be exchanged for a link.
  expect(folders.filter(([dir]) => dir === `${run}/orders/asked`)).toEqual([[`${run}/orders/asked`, '0755', 'pikit-update', 'pikit-update']]);
});

test('what asks for a root is in the sandbox of check, writes to its own folder alone, and starts nothing', () => {
  const [own, check] = [settings(step('ask-root')), settings(step('check'))];
  const other = ['Description', 'OnSuccess', 'ExecStart', 'SyslogIdentifier', 'TimeoutStartSec', 'ReadWritePaths'];
  const rest = (of: Map<string, string[]>): object => Object.fromEntries([...of].filter(([key]) => !other.includes(key)));
  expect(rest(own)).toEqual(rest(check));
  expect(own.get('ReadWritePaths')).toEqual(['-/run/pikit-update/orders/asked']);
  for (const key of ['OnSuccess', 'OnFailure', 'Wants', 'WantedBy']) expect(own.get(key)?.join(' ') ?? '').not.toContain('pikit-update');
});

test('the three that write to targets may write to the same places, one mount for the web root and its backup', () => {
  const writable = (name: string) =>
    settings(step(name))
      .get('ReadWritePaths')
      ?.filter((paths) => !paths.includes('nginx'));
  expect(writable('apply')?.[0]).toBe('/var -/usr/local/bin -/etc/pikit');
  expect(writable('rollback')).toEqual(writable('apply'));
  expect(writable('recover')).toEqual(writable('apply'));
  for (const name of ['apply', 'rollback', 'recover']) expect(settings(step(name)).get('ReadOnlyPaths')).toContain('-/etc/pikit/trust');
});

test('what update.toml shows as defaults are the defaults', () => {
  const text = fs.readFileSync(path.join(unitsDir, 'update.toml'), 'utf8');
  expect(parseToml(text)).toEqual({});
  const shown = parseConfig(parseToml(text.replaceAll(/^#(?=[[a-z])/gm, '')), 'units/update.toml');
  expect(shown).toEqual(parseConfig({ source: { type: 'static', url: 'https://updates.example.org/pikit' } }, 'defaults'));
});

describe.skipIf(!hasAnalyze)('systemd-analyze (skipped where it is not installed)', () => {
  let root: string;

  /** A device as the package leaves it, with empty programs in place of real ones. */
  beforeAll(() => {
    root = fs.mkdtempSync(path.join(tmpdir(), 'pikit-units-'));
    const put = (file: string, content: string | Buffer, mode: number) => {
      fs.mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
      fs.writeFileSync(path.join(root, file), content, { mode });
    };
    for (const name of [
      'check',
      'fetch',
      'apply',
      'rollback',
      'recover',
      'auto',
      'ask-root',
      'publish',
      'api',
      'order',
      'pikit-update',
      'pikit-release',
    ])
      put(`dist/${name}.js`, '', 0o644);
    for (const file of [...WEB_FILES, ...Object.values(LIBRARIES)]) put(`dist/${file}`, '', 0o644);
    const files = packageFiles({ project, dist: path.join(root, 'dist'), out: root, epochSeconds: 0 });
    for (const file of files) put(file.path, file.content, file.mode);
    for (const program of ['usr/bin/node', 'usr/bin/mv', 'usr/bin/ln']) put(program, '', 0o755);
    // What default dependencies name; ours alone would be "not found".
    const system = '/lib/systemd/system';
    for (const target of fs.readdirSync(system).filter((file) => file.endsWith('.target'))) {
      put(`usr/lib/systemd/system/${target}`, fs.readFileSync(path.join(system, target)), 0o644);
    }
  });
  afterAll(() => {
    fs.rmSync(root, { recursive: true });
  });

  function verify(unit: string): string {
    const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', `--root=${root}`, unit], { encoding: 'utf8' });
    return stdout + stderr;
  }

  test.each(units)('verify says nothing about %s', (unit) => {
    expect(fs.existsSync(path.join(root, 'usr/lib/systemd/system', unit))).toBe(true);
    expect(verify(unit)).toBe('');
  });

  test('verify does speak about a unit with a mistake and a missing program', () => {
    const broken = path.join(root, 'usr/lib/systemd/system/broken.service');
    fs.writeFileSync(broken, '[Service]\nType=oneshot\nProtectSystems=yes\nExecStart=/usr/bin/missing\n');
    expect(verify('broken.service')).toMatch(/ProtectSystems[^]*missing/);
    fs.rmSync(broken);
  });

  test.each(services)('exposure of %s is 2.0 or less', (unit) => {
    const { status, stdout } = spawnSync('systemd-analyze', ['security', '--no-pager', '--offline=true', '--threshold=20', `--root=${root}`, unit], {
      encoding: 'utf8',
    });
    expect(stdout).toContain('Overall exposure level');
    expect(status).toBe(0);
  });
});

test('what the manager has in its environment changes nothing of what runs, and no secret gets into a core dump', () => {
  const text = fs.readFileSync(path.join(unitsDir, 'pikit-update-.service.d/10-sandbox.conf'), 'utf8');
  const unset = [...text.matchAll(/^UnsetEnvironment=(.*)$/gm)].flatMap(([, names = '']) => names.split(' '));
  for (const name of ['NODE_OPTIONS', 'NODE_PATH', 'NODE_EXTRA_CA_CERTS', 'LD_PRELOAD', 'BASH_ENV', 'HTTPS_PROXY', 'https_proxy', 'TMPDIR'])
    expect(unset).toContain(name);
  expect(text).toMatch(/^Environment=.*\bPATH=\/usr\/sbin:\/usr\/bin:\/sbin:\/bin$/m);
  expect(text).toMatch(/^LimitCORE=0$/m);
});
