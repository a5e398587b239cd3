import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { localCommand, localEnvironment, unmetCondition } from '../../../../lib/io/folder-units/local-unit-command.ts';
import type { LocalUnit } from '../../../../lib/io/folder-units/local-unit-settings.ts';

const FOLDERS = { root: '/tmp/root', distDir: '/tmp/dist' };

describe('localCommand', () => {
  const node = process.execPath;
  test.each([
    ['node', ['/usr/bin/node', '--disable-proto=delete', '/usr/lib/pikit-update/check.js'], [node, '--disable-proto=delete', '/tmp/dist/check.js']],
    ['notify-exec', ['/usr/lib/pikit-update/notify-exec', '/usr/bin/node', '/usr/lib/pikit-update/apply.js'], [node, '/tmp/dist/apply.js']],
    ['other-arguments-stay', ['/usr/bin/node', '/usr/lib/pikit-update/auto.js', 'off', '/var/x'], [node, '/tmp/dist/auto.js', 'off', '/var/x']],
    [
      'mv',
      ['/usr/bin/mv', '-T', '/run/a', '/var/b', '/etc/c', '/usr/d'],
      ['/usr/bin/mv', '-T', '/tmp/root/run/a', '/tmp/root/var/b', '/tmp/root/etc/c', '/usr/d'],
    ],
    ['ln', ['/usr/bin/ln', '-sfT', '${INVOCATION_ID}', '/run/a'], ['/usr/bin/ln', '-sfT', 'the-id', '/tmp/root/run/a']],
  ])('%s', (_name, [program = '', ...args], expected) => {
    expect(localCommand({ program, args, mayFail: false }, FOLDERS, 'the-id')).toEqual(expected);
  });

  test('refuses a program that would work on the real system', () => {
    expect(() => localCommand({ program: '/usr/bin/rm', args: ['-rf', '/var/x'], mayFail: false }, FOLDERS, 'the-id')).toThrow(/'\/usr\/bin\/rm'/);
  });
});

describe('unmetCondition', () => {
  const at = (path: string, flags: { negated?: boolean; triggering?: boolean } = {}) => ({
    text: path,
    path,
    negated: false,
    triggering: false,
    ...flags,
  });
  const or = { triggering: true };
  const not = { negated: true };

  test.each([
    ['none', [], null],
    ['there', [at('/there')], null],
    ['not-there', [at('/gone')], '/gone'],
    ['negated-there', [at('/there', not)], '/there'],
    ['negated-not-there', [at('/gone', not)], null],
    ['all-must-hold', [at('/there'), at('/gone')], '/gone'],
    ['one-triggering-is-enough', [at('/gone', or), at('/there', or)], null],
    ['no-triggering-holds', [at('/gone', or), at('/there', { ...or, ...not })], '/gone'],
    ['triggering-does-not-help-a-plain-one', [at('/gone'), at('/there', or)], '/gone'],
    ['a-link-to-nothing-is-not-there', [at('/dangling')], '/dangling'],
  ])('%s', (_name, conditions, unmet) => {
    const root = fs.mkdtempSync(join(tmpdir(), 'pikit-conditions-'));
    onTestFinished(() => {
      fs.rmSync(root, { recursive: true });
    });
    fs.writeFileSync(join(root, 'there'), '');
    fs.symlinkSync('nowhere', join(root, 'dangling'));
    expect(unmetCondition(conditions, root)?.path ?? null).toBe(unmet);
  });
});

describe('localEnvironment', () => {
  // These tests run with another clock as well.
  beforeEach(() => vi.stubEnv('LD_PRELOAD', ''));
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const unit = (environment: [string, string][], unsetEnvironment: string[]): LocalUnit => ({
    name: 'a.service',
    requires: [],
    wants: [],
    after: [],
    before: [],
    conditions: [],
    onSuccess: [],
    onFailure: [],
    commands: [],
    environment: new Map(environment),
    unsetEnvironment,
    successStatus: new Set(),
    startTimeoutMs: null,
    stopTimeoutMs: null,
  });

  test('has a path, the folder and an id of the run, and nothing of ours', () => {
    vi.stubEnv('LD_PRELOAD', '/usr/lib/libeatmydata.so');
    vi.stubEnv('FAKETIME', '+1d');
    const env = localEnvironment(unit([], []), '/tmp/root', {});
    expect(Object.keys(env).sort()).toEqual(['INVOCATION_ID', 'PATH', 'PIKIT_ROOT']);
    expect(env['PIKIT_ROOT']).toBe('/tmp/root');
    expect(env['INVOCATION_ID']).toMatch(/^[0-9a-f]{32}$/);
    expect(localEnvironment(unit([], []), '/tmp/root', {})['INVOCATION_ID']).not.toBe(env['INVOCATION_ID']);
  });

  test('has the clock of this process, also where the unit unsets what makes it', () => {
    const clock = { LD_PRELOAD: '/usr/lib/faketime/libfaketime.so.1', FAKETIME: '+10d', FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1' };
    for (const [name, value] of Object.entries(clock)) vi.stubEnv(name, value);
    expect(localEnvironment(unit([], ['LD_PRELOAD']), '/tmp/root', {})).toMatchObject(clock);
  });

  test('what the unit sets wins, and what it unsets is gone', () => {
    const env = localEnvironment(unit([['PATH', '/bin'], ['A', '1'], ['B', '2'], ['C', '3'], ['PIKIT_ROOT', '/']], ['A', 'B=2', 'C=4', 'TRIGGER_UNIT']), '/tmp/root', { TRIGGER_UNIT: 'x' }); // prettier-ignore
    expect({ ...env, INVOCATION_ID: '' }).toEqual({ PATH: '/bin', C: '3', PIKIT_ROOT: '/tmp/root', INVOCATION_ID: '' });
  });
});
