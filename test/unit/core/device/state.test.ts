import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { Available, Held, Progress, Receipt, Settings, Staged, State, Token, emptyState } from '../../../../lib/core/device/state.ts';
import { PROGRESS, available, receipt } from '../../../helpers/cli-device.ts';

const AT = '2026-11-20T10:00:00.000Z';
const RECEIPT = receipt({ outcome: 'failed', code: 'PROBE_FAILED', lines: ['a'], from: '1.0.0', to: '1.1.0', tx: 'abc', duration_ms: 12 });
const AVAILABLE = available({ branch: 'beta_2', outcome: 'waiting', reason: 'not yet', bundle_bytes: null, tree_bytes: 5 });
const STAGED: Staged = { version: '1.1.0', branch: 'stable', manifest_sha256: 'a'.repeat(64), at: AT };
const HELD: Held = { schema: 1, versions: [{ version: '1.1.0', reason: 'attempts', code: null, message: 'x', at: AT, attempts: 2 }] };
const STATE: State = {
  ...emptyState(),
  current: '1.0.0',
  latest: '1.1.0',
  last_check: AT,
  last_result: RECEIPT,
  backup_path: '/var/backups/pikit/x',
  available: AVAILABLE,
  staged: STAGED,
  held: HELD.versions,
  notices: [{ id: 'branch-removed', message: 'x', at: AT }],
  drift: ['/x'],
};
const TOKEN: Token = { run: 'x', until: 'apply', by: 'timer' };

/** A state of before they were there is no damage: what it says would be lost. */
const CAME_LATER = new Set(['installed_branch']);

describe('schemas', () => {
  it.each<[string, z.ZodType, object]>([
    ['receipt', Receipt, RECEIPT],
    ['available', Available, AVAILABLE],
    ['staged', Staged, STAGED],
    ['held', Held, HELD],
    ['state', State, STATE],
    ['empty-state', State, emptyState()],
    ['progress', Progress, PROGRESS],
    ['token', Token, TOKEN],
    ['settings', Settings, { branch: 'beta', auto: 'install', time: '23:59', skipped_version: '1.0.0' }],
  ])('%s: survives JSON, needs all its keys, and refuses others', (_name, schema, value) => {
    expect(schema.parse(JSON.parse(JSON.stringify(value)))).toEqual(value);
    expect(schema.safeParse({ ...value, more: 1 }).success).toBe(false);
    for (const key of Object.keys(value)) {
      const without = Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
      expect([key, schema.safeParse(without).success]).toEqual([key, schema === Settings || CAME_LATER.has(key)]);
      expect([key, schema.safeParse({ ...value, [key]: { x: 1 } }).success]).toEqual([key, false]);
    }
  });

  it.each<[string, z.ZodType, object]>([
    ['state-of-a-later-schema', State, { ...STATE, schema: 2 }],
    ['progress-on-disk', State, { ...STATE, progress: PROGRESS }],
    ['branch-with-path', State, { ...STATE, branch: '../x' }],
    ['branch-too-long', State, { ...STATE, branch: 'a'.repeat(65) }],
    ['time-without-zone', State, { ...STATE, last_check: '2026-11-20T10:00:00' }],
    ['time-elsewhere', State, { ...STATE, last_check: '2026-11-20T10:00:00+02:00' }],
    ['no-version', State, { ...STATE, current: '1.0' }],
    ['no-version-available', State, { ...STATE, available: { ...AVAILABLE, version: 'one' } }],
    ['all-processes', Progress, { ...PROGRESS, pid: -1 }],
    ['own-process-group', Progress, { ...PROGRESS, pid: 0 }],
    ['unknown-step', Receipt, { ...RECEIPT, step: 'boot' }],
    ['unknown-outcome', Receipt, { ...RECEIPT, outcome: 'fine' }],
    ['negative-duration', Receipt, { ...RECEIPT, duration_ms: -1 }],
    ['unknown-reason', Held, { ...HELD, versions: [{ ...HELD.versions[0], reason: 'mood' }] }],
    ['token-for-check', Token, { ...TOKEN, until: 'check' }],
    ['token-by-anybody', Token, { ...TOKEN, by: 'mallory' }],
    ['auto', Settings, { auto: 'always' }],
    ['time-24', Settings, { time: '24:00' }],
    ['time-60', Settings, { time: '04:60' }],
    ['time-short', Settings, { time: '4:20' }],
    ['time-with-seconds', Settings, { time: '04:20:00' }],
    ['time-with-newline', Settings, { time: '04:20\n' }],
  ])('refuses %s', (_name, schema, value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });

  it('has defaults for the choices of the owner', () => {
    expect(Settings.parse({})).toEqual({ branch: 'stable', auto: 'check', time: '04:20', skipped_version: null });
  });

  it('never shares the empty state', () => {
    emptyState().drift.push('x');
    expect(emptyState().drift).toEqual([]);
  });
});
