import { describe, expect, it } from 'vitest';
import type { Status } from '../../../lib/device/status.ts';
import { statusText } from '../../../lib/cli/status-text.ts';
import type { Run } from '../../../lib/core/run/run.ts';
import { Settings, emptyState } from '../../../lib/core/device/state.ts';
import { NOW, PROGRESS, available, receipt } from '../../helpers/cli-device.ts';
import { run } from '../api/a-run.ts';

const AT = '2026-11-20T09:00:00.000Z';
const STABLE = { selected: 'stable', used: 'stable', why: 'selected' as const, message: null };
const RUN = run({ started: AT, can_cancel: false });
const held = (version: string) => ({ version, reason: 'failed' as const, code: null, message: 'it fell', at: AT, attempts: 1 });

function text(more: Partial<Status>): string {
  const status: Status = {
    ...emptyState(),
    progress: null,
    settings: Settings.parse({}),
    following: STABLE,
    rollback: { is: 'none' },
    run: null,
    unsigned: false,
    ...more,
  };
  // Times of day depend on where the test runs.
  return statusText(status, NOW).replaceAll(/ \(\d{4}-\d\d-\d\d \d\d:\d\d\)/g, '');
}
const lineOf = (label: string, more: Partial<Status>): string =>
  text(more)
    .split('\n')
    .find((line) => line.startsWith(label)) ?? '';

describe('statusText', () => {
  it('is short where nothing has happened', () => {
    expect(text({})).toBe(
      [
        'installed   none known',
        'branch      stable',
        'available   unknown; run `pikit-update check`',
        'signatures  required; none were verified yet',
        'last check  never',
        'automatic   checks daily at about 04:20; you install',
        '',
      ]
        .join('\n')
        .replaceAll(/^(\S+(?: check)?)\s+/gm, (_all, label: string) => label.padEnd(12)),
    );
  });

  it('says everything that there is to say', () => {
    const everything = text({
      current: '1.3.0',
      latest: '1.4.0',
      last_check: AT,
      available: available({ notes: 'Faster.\nPrettier.', changelog: 'https://example.org/1.4.0' }),
      staged: { version: '1.4.0', branch: 'stable', manifest_sha256: '', at: AT },
      progress: PROGRESS,
      last_result: receipt({ outcome: 'failed', message: 'it fell', hint: 'look' }),
      settings: Settings.parse({ branch: 'beta', auto: 'off' }),
      following: { selected: 'beta', used: 'stable', why: 'disabled', message: 'it is disabled' },
      rollback: { is: 'there', path: '/b', from: '1.3.0', to: '1.2.0', created: AT },
      held: [held('1.2.5')],
      drift: ['/var/www/x', '/var/www/y'],
      notices: [{ id: 'gone', message: 'the branch is gone', at: AT }],
      unsigned: true,
    });
    expect(everything).toBe(`installed    1.3.0
branch       beta (disabled, using stable)
available    1.4.0 (1.3 MiB); \`pikit-update apply\` installs it
notes        Faster.
             Prettier.
             https://example.org/1.4.0
downloaded   1.4.0, verified 3 hours ago
running      fetch: downloading 1.4.0, 45%, 460.8 KiB of 1.0 MiB, 100.0 KiB/s
signatures   not verified: releases are checked for damage only; \`pikit-update trust\` tells how to change that
last check   3 hours ago
last result  apply: failed, 3 hours ago
             it fell
             hint: look
automatic    off; you check and install
rollback     to 1.2.0 ('/b')
held         1.2.5: it fell, 3 hours ago
edited       '/var/www/x'
             '/var/www/y'
notice       the branch is gone
             \`pikit-update branch --dismiss\` dismisses this
`);
  });

  it.each([
    ['nothing-newer', { last_check: AT, current: '1.4.0', latest: '1.4.0' }, 'no newer release'],
    ['older-on-offer', { last_check: AT, current: '1.4.0', latest: '1.3.0' }, 'no newer release (the latest is 1.3.0)'],
    ['after-a-rollback', { last_check: AT, current: '1.3.0', latest: '1.4.0' }, 'unknown; the latest was 1.4.0; run `pikit-update check`'],
    ['held', { available: available({ outcome: 'held', reason: 'it fell' }), held: [held('1.4.0')] }, '1.4.0 is held: it fell'],
    ['waiting', { available: available({ outcome: 'waiting', reason: 'group 40' }) }, '1.4.0 (not automatic): group 40'],
    ['skipped', { available: available({ outcome: 'skipped', reason: 'you chose so' }) }, '1.4.0 (not automatic): you chose so'],
    [
      'incompatible',
      { available: available({ outcome: 'incompatible', reason: 'for arm64' }) },
      '1.4.0 cannot be installed on this device: for arm64',
    ],
    ['downgrade', { available: available({ downgrade: true, bundle_bytes: null }) }, '1.4.0 (a downgrade); `pikit-update apply` installs it'],
  ])('available: %s', (_name, more, expected) => {
    expect(lineOf('available', more).replace(/^available\s+/, '')).toBe(expected);
    expect(lineOf('held', more)).toBe('');
  });

  it.each([
    ['running', { percent: 38, seconds_left: 40 }, 'update, 38% done, about 40 s left'],
    ['running', { percent: 38, seconds_left: 290 }, 'update, 38% done, about 5 minutes left'],
    ['running', { percent: 0, seconds_left: null }, 'update, 0% done'],
    ['ended', { percent: 100, seconds_left: null }, ''],
  ] as const)('run: %s, %j', (state, more, expected) => {
    expect(lineOf('run ', { run: { ...RUN, state, ...more } }).replace(/^run\s+/, '')).toBe(expected);
  });

  it.each([
    ['open', { rollback: { is: 'open' as const } }, 'an update was interrupted; `pikit-update rollback` resolves it'],
    ['damaged', { rollback: { is: 'damaged' as const, path: '/b' } }, "not possible: the backup '/b' is damaged"],
    ['private', { rollback: { is: 'private' as const }, backup_path: '/b' }, 'a backup exists; run as root to see its version'],
    ['private-and-none', { rollback: { is: 'private' as const } }, ''],
    [
      'to-nothing',
      { rollback: { is: 'there' as const, path: '/b', from: '1.0.0', to: null, created: AT } },
      "to the state before the first update ('/b')",
    ],
  ])('rollback: %s', (_name, more, expected) => {
    expect(lineOf('rollback', more).replace(/^rollback\s+/, '')).toBe(expected);
  });
});

describe('signatures', () => {
  const KEYS = [
    { fingerprint: 'SHA256:a', name: 'Ada' },
    { fingerprint: 'SHA256:b', name: null },
  ];
  const UNTIL = '2026-12-01T12:00:00.000Z';
  const trust = { root: 1, timestamp: 3, good: AT, until: UNTIL, problem: null };
  const expired = { code: 'METADATA_EXPIRED', message: "'timestamp.json' was valid until yesterday", hint: 'tell the maintainer' };
  const wrong = { code: 'SIGNATURE_INVALID', message: "'timestamp.json' is signed by 0 of 1 keys", hint: 'ask the maintainer' };

  it('are told with who signed the installed and the available release, and until when that counts', () => {
    const said = text({
      current: '1.3.0',
      signed: { role: 'targets', keys: KEYS, until: UNTIL },
      trust,
      available: available({ signed: { role: 'branch-beta', keys: KEYS.slice(0, 1), until: UNTIL } }),
    });
    expect(said).toMatch(/^signed +by Ada, SHA256:b; expires in 11 days$/m);
    expect(said).toMatch(/^available +1\.4\.0 .*\n +signed by Ada, for the branch beta alone; expires in 11 days$/m);
    expect(said).toMatch(/^signatures +verified 3 hours ago; they expire in 11 days$/m);
  });

  it.each<[name: string, more: Partial<Status>, available: RegExp, signatures: RegExp]>([
    [
      'expired, by the clock alone',
      { trust: { ...trust, until: NOW.toISOString() }, last_check: AT, current: '1.4.0', latest: '1.4.0' },
      /^available +unknown: the signatures of the source have expired$/m,
      /^signatures +stale: last known good 3 hours ago; nothing is installed until they are renewed$/m,
    ],
    [
      'expired, as a check has found',
      { trust: { ...trust, problem: expired }, available: available() },
      /^available +1\.4\.0 cannot be installed now: the signatures of the source have expired$/m,
      /^signatures +stale: last known good 3 hours ago; .*\n +'timestamp\.json' was valid until yesterday\n +hint: tell the maintainer$/m,
    ],
    [
      'wrong, and never verified',
      { trust: { ...trust, good: null, problem: wrong } },
      /^available +unknown: the source is not signed by the keys that this device trusts$/m,
      /^signatures +not valid: the source is not signed by the keys that this device trusts\n +nothing was installed, and what is installed stays; last known good never\n +'timestamp\.json' is signed by 0 of 1 keys\n +hint: ask the maintainer$/m,
    ],
  ])('that are %s offer nothing, and are never "no newer release"', (_name, more, offer, signatures) => {
    const said = text(more);
    expect(said).toMatch(offer);
    expect(said).toMatch(signatures);
    expect(said).not.toMatch(/no newer release|installs it/);
  });

  it('are explained once where the last result says the same', () => {
    const said = text({ trust: { ...trust, problem: wrong }, last_result: receipt({ outcome: 'failed', message: wrong.message, hint: wrong.hint }) });
    expect(said.match(/0 of 1 keys/g)).toHaveLength(1);
  });
});

describe('while a step is at work', () => {
  const busy = {
    progress: { ...PROGRESS, step: 'apply' as const },
    run: { ...RUN, percent: 40, seconds_left: 12 },
    current: '1.2.0',
    latest: '1.4.0',
  };

  it.each<[name: string, more: Partial<Status>]>([
    ['with an offer', { available: available() }],
    ['with one that is held', { available: available({ outcome: 'held', reason: 'it fell' }) }],
    ['with none', { available: null, last_check: AT }],
    ['with an open transaction', { rollback: { is: 'open' } }],
  ])('it says what runs and how far, and advises nothing: %s', (_name, more) => {
    const said = text({ ...busy, ...more });
    expect(said).toMatch(/^running +apply: /m);
    expect(said).toMatch(/^run +update, 40% done, about 12 s left$/m);
    expect(said).toMatch(/^installed +1\.2\.0$/m);
    expect(said).not.toMatch(/`pikit-update (?:apply|rollback|check)|cut short/);
  });

  it('it is advised again afterwards', () => {
    expect(text({ rollback: { is: 'open' } })).toMatch(/an update was interrupted; `pikit-update rollback` resolves it/);
    expect(text({ available: available() })).toMatch(/`pikit-update apply` installs it/);
  });
});

it('tells of a run that was killed, whose result there is not', () => {
  const steps: Run['steps'] = [{ step: 'check', state: 'failed', started: AT, ended: null, outcome: null }];
  const run: Run = {
    ...RUN,
    kind: 'check',
    state: 'ended',
    steps,
    outcome: 'failed',
    code: 'STEP_FAILED',
    message: 'the last check failed (out of memory)',
    hint: 'look',
  };
  const result = receipt({ step: 'check', outcome: 'nothing', message: 'up to date' });
  expect(text({ run, last_result: result })).toMatch(/^last run +the last check failed \(out of memory\)\n +hint: look$/m);
  const told: Run = { ...run, steps: [{ ...steps[0], step: 'check', state: 'failed', started: AT, ended: AT, outcome: 'failed' }] };
  expect(text({ run: told, last_result: result })).not.toContain('last run');
});
