import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasUnit, loadUnit, unitOfTimer } from '../../../../lib/io/folder-units/local-unit-settings.ts';
import { oneshot } from '../../../helpers/local-units.ts';

const REAL = resolve(import.meta.dirname, '../../../../units');

function folder(files: Readonly<Record<string, string>>): string {
  const dir = fs.mkdtempSync(join(tmpdir(), 'pikit-unit-settings-'));
  onTestFinished(() => {
    fs.rmSync(dir, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(dirname(join(dir, name)), { recursive: true });
    fs.writeFileSync(join(dir, name), text);
  }
  return dir;
}

describe('the real units', () => {
  const step = (name: string) => loadUnit(REAL, `pikit-update-${name}.service`);

  test.each(['check', 'fetch', 'apply', 'rollback', 'recover', 'gate@fetch', 'gate@apply', 'gate@rollback', 'auto@off'])(
    '%s can be played',
    (name) => {
      expect(step(name).commands).toHaveLength(1);
      expect(step(name).startTimeoutMs).toBeGreaterThan(0);
    },
  );

  test('apply: what it needs, what comes before it, what follows', () => {
    expect(step('apply')).toMatchObject({
      requires: ['pikit-update-fetch.service'],
      onSuccess: [],
      onFailure: ['pikit-update-gate@rollback.service'],
    });
    expect(step('apply').after).toContain('pikit-update-fetch.service');
  });

  test('a gate carries its instance everywhere', () => {
    expect(step('gate@fetch')).toMatchObject({
      conditions: [{ path: '/run/pikit-update/next/fetch', negated: false, triggering: false }],
      onSuccess: ['pikit-update-fetch.service'],
      commands: [{ program: '/usr/bin/mv', args: ['-T', '/run/pikit-update/next/fetch', '/run/pikit-update/granted/fetch'], mayFail: false }],
    });
  });

  test('have the environment that the drop-in of all services gives', () => {
    expect(step('gate@fetch').environment.get('PATH')).toBe('/usr/sbin:/usr/bin:/sbin:/bin');
    expect(step('check').unsetEnvironment).toContain('NODE_OPTIONS');
  });

  test('the timer starts check', () => {
    expect(unitOfTimer(REAL, 'pikit-update.timer')).toBe('pikit-update-check.service');
  });
});

test('reads drop-ins after the unit, by their file names, wherever they are', () => {
  const service = (line: string): string => `[Service]\n${line}\n`;
  const dir = folder({
    'a-b@.service': oneshot({ service: ['ExecStart=/usr/bin/mv a b', 'Environment=A=unit B=unit'] }),
    'a-b@.service.d/20.conf': service('Environment=B=20'),
    'a-.service.d/10.conf': service('Environment=A=10 B=10'),
    'a-.service.d/10.txt': service('Environment=A=txt'),
    'b-.service.d/30.conf': service('Environment=A=30'),
  });
  expect([...loadUnit(dir, 'a-b@c.service').environment]).toEqual([['A', '10'], ['B', '20']]); // prettier-ignore
});

test('reads each setting', () => {
  const text = oneshot({
    unit: ['Wants=c.service', 'Before=d.service e.service', 'ConditionPathExists=!/x', 'ConditionPathExists=|/y', 'ConditionPathExists=|!/z'],
    service: [
      'ExecStart=-/usr/bin/node "/usr/lib/pikit-update/b c.js" %%',
      'Environment=A=1 "B=2 3"',
      'UnsetEnvironment=C D=4',
      'SuccessExitStatus=75 SIGTERM',
      'TimeoutStartSec=1min 30s',
      'TimeoutStopSec=5',
    ],
  });
  expect(loadUnit(folder({ 'a.service': text }), 'a.service')).toEqual({
    name: 'a.service',
    requires: [],
    wants: ['c.service'],
    after: [],
    before: ['d.service', 'e.service'],
    conditions: [
      { text: 'ConditionPathExists=!/x', path: '/x', negated: true, triggering: false },
      { text: 'ConditionPathExists=|/y', path: '/y', negated: false, triggering: true },
      { text: 'ConditionPathExists=|!/z', path: '/z', negated: true, triggering: true },
    ],
    onSuccess: [],
    onFailure: [],
    commands: [
      { program: '/usr/bin/node', args: ['/usr/lib/pikit-update/ok.js', 'a.service'], mayFail: false },
      { program: '/usr/bin/node', args: ['/usr/lib/pikit-update/b c.js', '%'], mayFail: true },
    ],
    environment: new Map([
      ['A', '1'],
      ['B', '2 3'],
    ]),
    unsetEnvironment: ['C', 'D=4'],
    successStatus: new Set(['75', 'SIGTERM']),
    startTimeoutMs: 90_000,
    stopTimeoutMs: 5000,
  });
});

test('without limits: none for the start, 90 s for the stop', () => {
  expect(loadUnit(folder({ 'a.service': oneshot() }), 'a.service')).toMatchObject({ startTimeoutMs: null, stopTimeoutMs: 90_000 });
});

test.each([
  ['type', '[Service]\nType=simple\n', /Type=simple/],
  ['no-type', '[Service]\nExecStart=/usr/bin/node\n', /Type=simple/],
  ['remain', oneshot({ service: ['RemainAfterExit=yes'] }), /RemainAfterExit=yes/],
  ['exec-condition', oneshot({ service: ['ExecCondition=/bin/true'] }), /ExecCondition=/],
  ['exec-start-pre', oneshot({ service: ['ExecStartPre=/bin/true'] }), /ExecStartPre=/],
  ['environment-file', oneshot({ service: ['EnvironmentFile=/x'] }), /EnvironmentFile=/],
  ['binds-to', oneshot({ unit: ['BindsTo=b.service'] }), /BindsTo=/],
  ['other-condition', oneshot({ unit: ['ConditionPathIsDirectory=/x'] }), /ConditionPathIsDirectory=/],
  ['assertion', oneshot({ unit: ['AssertPathExists=/x'] }), /AssertPathExists=/],
  ['relative-condition', oneshot({ unit: ['ConditionPathExists=x'] }), /absolute path/],
  ['relative-program', oneshot({ service: ['ExecStart=node'] }), /does not start with a path/],
  ['other-name', oneshot({ service: ['ExecStart=@/usr/bin/node x'] }), /does not start with a path/],
  ['variable', oneshot({ service: ['ExecStart=/usr/bin/node $X'] }), /variable or several commands/],
  ['two-commands', oneshot({ service: ['ExecStart=/usr/bin/node ; /usr/bin/node'] }), /variable or several commands/],
  ['no-assignment', oneshot({ service: ['Environment=A'] }), /not NAME=value/],
])('refuses what it does not play: %s', (_name, text, message) => {
  expect(() => loadUnit(folder({ 'a.service': text }), 'a.service')).toThrow(message);
});

test('a setting that was made empty again is not refused', () => {
  expect(() => loadUnit(folder({ 'a.service': oneshot({ service: ['ExecStartPre='] }) }), 'a.service')).not.toThrow();
});

test('an instance has a file of its own, or that of its template', () => {
  const dir = folder({ 'a@.service': oneshot({ unit: ['Wants=template.service'] }), 'a@own.service': oneshot({ unit: ['Wants=own.service'] }) });
  expect(loadUnit(dir, 'a@x.service').wants).toEqual(['template.service']);
  expect(loadUnit(dir, 'a@own.service').wants).toEqual(['own.service']);
  expect([hasUnit(dir, 'a@x.service'), hasUnit(dir, 'b@x.service')]).toEqual([true, false]);
});

test('a timer without Unit= starts the service of its name', () => {
  expect(unitOfTimer(folder({ 'a.timer': '[Timer]\nOnCalendar=daily\n' }), 'a.timer')).toBe('a.service');
});
