import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../../web/api/answers.ts';
import type { Link } from '../../../../web/api/link.ts';
import type { Chip } from '../../../../web/model/chip.ts';
import { chipOf } from '../../../../web/model/chip.ts';
import { de } from '../../../../web/strings/de.ts';
import { en } from '../../../../web/strings/en.ts';
import { readMockStates } from '../../../helpers/played.ts';

const STATES = readMockStates();
const EN = en;
const NOW_MS = Date.parse('2026-11-22T09:01:00.000Z');
const LIVE: Link = { is: 'live' };

function chip(state: string, link: Link = LIVE, strings = EN): Chip {
  return chipOf({ status: STATES.state(state), link, nowMs: NOW_MS }, strings);
}

const gone = (code: string): Link => ({ is: 'gone', failure: { code, message: '', hint: null } satisfies Failure });

/** Every state of the mock; the failures are in the table below. */
const EXPECTED: readonly (readonly [state: string, kind: Chip['kind'], text: string, tone: Chip['tone'], percent?: number])[] = [
  ['up-to-date', 'up-to-date', 'Up to date', 'ok'],
  ['never-checked', 'stale', 'Not checked yet', 'neutral'],
  ['first-install', 'available', 'Ready to install (1.5.0)', 'info'],
  ['available', 'available', 'Update available (1.5.0)', 'info'],
  ['available-staged', 'available', 'Update available (1.5.0)', 'info'],
  ['available-hostile-notes', 'available', 'Update available (1.5.0)', 'info'],
  ['available-long-notes', 'available', 'Update available (1.5.0)', 'info'],
  ['available-unknown-size', 'available', 'Update available (1.5.0)', 'info'],
  ['downgrade', 'available', 'Downgrade available (1.5.0)', 'info'],
  ['on-a-branch', 'available', 'Update available (1.6.0-beta.2)', 'info'],
  ['held', 'held', '1.5.0 is on hold', 'warning'],
  ['held-after-three-attempts', 'held', '1.5.0 is on hold', 'warning'],
  ['stepping-stone', 'available', 'Update available (1.5.0)', 'info'],
  ['left-by-rollback', 'available', 'Update available (1.5.0)', 'info'],
  ['waiting', 'waiting', '1.5.0 is rolling out', 'neutral'],
  ['incompatible', 'incompatible', '1.5.0 is incompatible', 'neutral'],
  ['skipped', 'skipped', '1.5.0 is skipped', 'neutral'],
  ['checking', 'checking', 'Checking…', 'busy', 10],
  ['checking-by-timer', 'checking', 'Checking…', 'busy'],
  ['downloading', 'downloading', 'Downloading 43%', 'busy', 43],
  ['downloading-unknown-size', 'downloading', 'Downloading…', 'busy'],
  ['downloading-stalled', 'downloading', 'Downloading 43%', 'busy', 43],
  ['download-by-timer', 'downloading', 'Downloading 43%', 'busy', 43],
  ['unpacking', 'downloading', 'Unpacking…', 'busy', 45],
  ['verifying', 'installing', 'Installing…', 'busy', 52],
  ['preparing', 'installing', 'Installing…', 'busy', 56],
  ['installing', 'installing', 'Installing…', 'busy', 61],
  ['installing-staged', 'installing', 'Installing…', 'busy', 40],
  ['post-install', 'installing', 'Installing…', 'busy', 66],
  ['restarting', 'installing', 'Installing…', 'busy', 70],
  ['checking-health', 'installing', 'Installing…', 'busy', 76],
  ['going-back', 'rolling-back', 'Rolling back…', 'busy', 76],
  ['update-queued', 'downloading', 'Downloading…', 'busy'],
  ['rolling-back', 'rolling-back', 'Rolling back…', 'busy', 26],
  ['recovering', 'recovering', 'Recovering…', 'busy'],
  ['updated', 'up-to-date', 'Up to date', 'ok'],
  ['rolled-back', 'rolled-back', 'Update rolled back', 'warning'],
  ['went-back', 'stale', 'Rolled back to 1.3.2', 'neutral'],
  ['cancelled', 'available', 'Update available (1.5.0)', 'info'],
  ['nothing-to-do', 'up-to-date', 'Up to date', 'ok'],
  ['offline', 'offline', 'No network connection', 'warning'],
  ['stale', 'stale', 'Not checked for 40 days', 'warning'],
  ['stale-offline', 'offline', 'Update server unavailable', 'warning'],
  ['signed', 'up-to-date', 'Up to date', 'ok'],
  ['signed-available', 'available', 'Update available (1.5.0)', 'info'],
  ['signed-by-branch', 'available', 'Update available (1.6.0-beta.2)', 'info'],
  ['signatures-expired', 'stale', 'Last verified Nov 1, 2026', 'warning'],
  ['signatures-older', 'untrusted', 'Signatures not valid', 'danger'],
  ['signatures-wrong', 'untrusted', 'Signatures not valid', 'danger'],
  ['unsigned', 'available', 'Update available (1.5.0)', 'info'],
  ['broken', 'broken', 'Needs repair', 'danger'],
  ['branch-disabled', 'up-to-date', 'Up to date', 'ok'],
  ['branch-removed', 'up-to-date', 'Up to date', 'ok'],
  ['branch-not-listed', 'up-to-date', 'Up to date', 'ok'],
  ['branch-no-list', 'up-to-date', 'Up to date', 'ok'],
  ['branch-not-known', 'up-to-date', 'Up to date', 'ok'],
  ['drift', 'up-to-date', 'Up to date', 'ok'],
  ['config-conflict', 'up-to-date', 'Up to date', 'ok'],
  ['edits-kept', 'up-to-date', 'Up to date', 'ok'],
  ['notices', 'up-to-date', 'Up to date', 'ok'],
  ['auto-off', 'up-to-date', 'Up to date', 'ok'],
  ['auto-install', 'up-to-date', 'Up to date', 'ok'],
  ['no-backup', 'up-to-date', 'Up to date', 'ok'],
  ['backup-damaged', 'up-to-date', 'Up to date', 'ok'],
  ['rollback-open', 'failed', 'Update interrupted', 'danger'],
  ['rollback-private', 'up-to-date', 'Up to date', 'ok'],
];

describe('every state of the mock', () => {
  it.each(EXPECTED.map((row) => ({ row })))('$row.0 is $row.1: $row.2', ({ row: [state, kind, text, tone, percent] }) => {
    expect(chip(state)).toMatchObject({ kind, text, tone, percent: percent ?? null, note: null });
  });

  it('is in that table, or is a failure', () => {
    const names = STATES.list.map(({ name }) => name).filter((name) => !name.startsWith('failed:'));
    expect(EXPECTED.map(([state]) => state)).toEqual(names);
  });

  it('after a failure is what became of it', () => {
    const kinds = STATES.failures.map(({ code, step, outcome }) => [code, chip(`failed:${code}`).kind, chip(`failed:${code}`).text, step, outcome]);
    for (const [code, kind, text, step, outcome] of kinds) {
      const texts = { check: 'Check failed', fetch: 'Download failed', apply: 'Update failed', rollback: 'Rollback failed', recover: '' };
      const expected =
        code === 'CANCELLED'
          ? ['available', 'Update available (1.5.0)']
          : outcome === 'broken'
            ? ['broken', 'Needs repair']
            : outcome === 'rolled-back'
              ? ['rolled-back', 'Update rolled back']
              : code === 'OFFLINE'
                ? ['offline', 'No network connection']
                : code === 'SERVER_UNREACHABLE' || code === 'SERVER_ERROR'
                  ? ['offline', 'Update server unavailable']
                  : code === 'METADATA_EXPIRED'
                    ? ['stale', 'Signatures expired']
                    : /^(SIGNATURE|METADATA|TRUST)_/.test(code ?? '')
                      ? ['untrusted', 'Signatures not valid']
                      : ['failed', step === undefined ? '' : new Map(Object.entries(texts)).get(step)];
      expect([kind, text], code).toEqual(expected);
    }
    expect(kinds.length).toBeGreaterThan(35);
  });

  it('has a text of its own language', () => {
    const german = de;
    const same = STATES.list.filter(({ name }) => chip(name, LIVE, german).text === chip(name).text).map(({ name }) => name);
    expect(same).toEqual([]);
  });
});

describe('a device that has gone back', () => {
  const seen = (change: object): Chip => chipOf({ status: { ...STATES.state('went-back'), ...change }, link: LIVE, nowMs: NOW_MS }, EN);

  it('is not called up to date before a check has come to an end, whatever else was tried', () => {
    expect(seen({ last_result: STATES.state('cancelled').last_result, run: null })).toMatchObject({ kind: 'stale', tone: 'neutral' });
  });

  it('is up to date once it is known that there is nothing else', () => {
    expect(seen({ latest: '1.3.2' })).toMatchObject({ kind: 'up-to-date', tone: 'ok' });
    expect(seen({ held: [] })).toMatchObject({ kind: 'up-to-date', tone: 'ok' });
  });
});

describe('signatures', () => {
  const seen = (change: object): Chip => chipOf({ status: { ...STATES.state('signed'), ...change }, link: LIVE, nowMs: NOW_MS }, EN);
  const trust = { root: 1, timestamp: 31, good: '2026-11-22T04:20:03.000Z', until: '2026-12-06T06:00:00.000Z', problem: null };
  const problem = { code: 'SIGNATURE_INVALID', message: 'signed by 0 of 1 keys', hint: null };

  it('that this device does not ask for are no business of the chip', () => {
    expect(chip('unsigned')).toMatchObject({ kind: 'available', name: 'Updates: Update available (1.5.0)' });
    expect(chip('up-to-date').name).toBe('Updates: Up to date');
  });

  it('that have expired are never up to date and offer nothing, whether a check has found that or only the date is past', () => {
    const expired = { kind: 'stale', text: 'Last verified Nov 22, 2026', tone: 'warning' };
    const late = { ...trust, until: '2026-11-22T09:00:59.000Z' };
    expect(seen({ trust: late })).toMatchObject(expired);
    expect(seen({ trust: late, available: STATES.state('available').available })).toMatchObject(expired);
    expect(seen({ trust: { ...trust, problem: { ...problem, code: 'METADATA_EXPIRED' } } })).toMatchObject(expired);
    expect(seen({ trust: { ...late, good: null } }).text).toBe('Signatures expired');
    expect(seen({ trust: { ...trust, until: '2026-11-22T09:01:01.000Z' } }).kind).toBe('up-to-date');
  });

  it('that are not valid come before any offer, also where a run has gone well since', () => {
    const offered = { trust: { ...trust, problem }, available: STATES.state('available').available };
    expect(seen(offered)).toMatchObject({ kind: 'untrusted', text: 'Signatures not valid', tone: 'danger' });
  });

  it('that no check has looked at yet are no news', () => {
    expect(seen({ trust: null }).kind).toBe('up-to-date');
  });

  it('do not hide that the device is broken', () => {
    expect(chipOf({ status: { ...STATES.state('broken'), unsigned: false, trust: { ...trust, problem } }, link: LIVE, nowMs: NOW_MS }, EN).kind).toBe(
      'broken',
    );
  });
});

describe('a connection that is not well', () => {
  const nothing = (link: Link): Chip => chipOf({ status: null, link, nowMs: NOW_MS }, EN);

  it('is all there is to say before the first answer', () => {
    expect(nothing({ is: 'connecting' })).toMatchObject({ kind: 'connecting', text: 'Connecting…' });
    expect(nothing({ is: 'slow' })).toMatchObject({ kind: 'slow', text: 'Slow to respond', tone: 'warning' });
  });

  it('is said beside what was so, never as if it were so, and read in the order in which it is shown', () => {
    expect(chip('installing', { is: 'reconnecting' })).toMatchObject({
      kind: 'installing',
      note: 'Reconnecting…',
      name: 'Updates: Installing…, Reconnecting…',
    });
  });

  it('stands before all else when the API does not answer, or refuses', () => {
    for (const code of ['API_GONE', 'SLOW', 'NOT_AN_ANSWER', 'SYSTEMD_UNAVAILABLE'])
      expect(chip('broken', gone(code))).toMatchObject({ kind: 'gone', text: 'Updater unreachable' });
    expect(chip('broken', gone('STATE_INVALID'))).toMatchObject({ kind: 'gone', text: 'Updater error' });
    expect(chip('installing', gone('NOT_ALLOWED'))).toMatchObject({ kind: 'not-allowed', text: 'No access', percent: null });
  });
});

describe('a run', () => {
  it('is never at 100% before its end', () => {
    const status = STATES.state('downloading');
    const { progress, run } = status;
    if (progress === null || run === null) throw new Error('it downloads');
    const full = { ...status, progress: { ...progress, percent: 100 }, run: { ...run, percent: 100 } };
    const seen = (phase: string): Chip => chipOf({ status: { ...full, run: { ...full.run, phase } }, link: LIVE, nowMs: NOW_MS }, EN);
    expect(seen('downloading')).toMatchObject({ text: 'Downloading 99%', percent: 99 });
    expect(seen('installing')).toMatchObject({ text: 'Installing…', percent: 99 });
  });

  it('that has not said yet what it does is what its step is for, or waits', () => {
    const { run } = STATES.state('downloading');
    if (run === null) throw new Error('it downloads');
    const seen = (steps: typeof run.steps): string =>
      chipOf({ status: { ...STATES.state('up-to-date'), run: { ...run, phase: null, steps } }, link: LIVE, nowMs: NOW_MS }, EN).text;
    expect(seen(run.steps)).toBe('Downloading…');
    expect(seen(run.steps.map((step) => ({ ...step, state: step.step === 'fetch' ? 'done' : 'running' })))).toBe('Installing…');
    expect(seen(run.steps.map((step) => ({ ...step, state: 'waiting' })))).toBe('Waiting to start…');
  });

  it('in a phase that is not known here is what its kind says', () => {
    const status = STATES.state('installing');
    const run = status.run === null ? null : { ...status.run, phase: 'polishing' };
    expect(chipOf({ status: { ...status, run }, link: LIVE, nowMs: NOW_MS }, EN).kind).toBe('installing');
  });
});
