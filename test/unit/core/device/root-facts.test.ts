import { describe, expect, it } from 'vitest';
import type { PublicFacts } from '../../../../lib/core/device/public-facts.ts';
import { driftOf, signedByOf, withRootFacts, withTrust } from '../../../../lib/core/device/root-facts.ts';
import type { HeldVersion, Receipt, State } from '../../../../lib/core/device/state.ts';
import { emptyState } from '../../../../lib/core/device/state.ts';
import { available, receipt } from '../../../helpers/cli-device.ts';

function held(version: string): HeldVersion {
  return { version, reason: 'failed', code: null, message: 'no', at: '2026-11-20T10:00:00.000Z', attempts: 1 };
}

function facts(more: Partial<PublicFacts> = {}): PublicFacts {
  const installed = { branch: 'beta', files: [], dirs: [] };
  return { schema: 1, version: '1.4.0', installed, rollback: { is: 'none' }, held: [], drift: [], backup_path: '/b', history: [], ...more };
}

const state = (more: Partial<State> = {}): State => ({ ...emptyState(), current: '1.4.0', held: [held('0.1.0')], drift: ['/mine'], ...more });

describe('withRootFacts', () => {
  it('goes by root, whatever state.json says', () => {
    const known = withRootFacts(state(), facts({ held: [held('1.5.0')], drift: ['/x'] }));
    expect(known).toEqual({ ...state(), installed_branch: 'beta', held: [held('1.5.0')], drift: ['/x'], backup_path: '/b' });
    expect(withRootFacts(known, facts({ held: [held('1.5.0')], drift: ['/x'] }))).toEqual(known);
  });

  it('goes by state.json where root has published nothing, or an earlier updater has published less', () => {
    expect(withRootFacts(state(), null)).toEqual(state());
    const { schema, version, installed, rollback, history } = facts();
    expect(withRootFacts(state(), { schema, version, installed, rollback, history })).toMatchObject({
      held: [held('0.1.0')],
      drift: ['/mine'],
      backup_path: null,
    });
  });

  it.each([
    ['from where it was installed', {}, {}, 'beta'],
    ['found on stable as well', { promoted: '1.4.0' }, {}, 'stable'],
    ['another version that was', { promoted: '1.3.0' }, {}, 'beta'],
    ['not by this updater', {}, { installed: null }, null],
    ['nothing is installed', {}, { version: null }, null],
  ] as const)('knows the branch of a release that is %s', (_name, known, published, branch) => {
    expect(withRootFacts(state(known), facts(published)).installed_branch).toBe(branch);
  });

  const BROKEN = receipt({ step: 'recover', outcome: 'broken' });
  const CHECKED = receipt({ step: 'check', outcome: 'nothing' });
  const REPAIRED = receipt({ step: 'apply', tx: '1' });

  it.each<[string, Receipt | null, Receipt[], Receipt | null]>([
    ['the last of all', CHECKED, [REPAIRED], CHECKED],
    ['the last of root where the file was lost', null, [REPAIRED, receipt({ step: 'fetch', outcome: 'failed' })], REPAIRED],
    ['that the device is broken, as long as it is', CHECKED, [REPAIRED, BROKEN], BROKEN],
    ['that it is no longer', BROKEN, [BROKEN, REPAIRED], REPAIRED],
    ['what there is', CHECKED, [], CHECKED],
  ])('has as the last result %s', (_name, last, history, expected) => {
    expect(withRootFacts(state({ last_result: last }), facts({ history })).last_result).toEqual(expected);
  });
});

it('knows what was edited from the change that led to this version', () => {
  const history = [
    receipt({ to: '1.3.0', tx: '1', drift: ['/first'] }),
    receipt({ to: '1.4.0', tx: '2', drift: ['/a'] }),
    receipt({ to: '1.4.0', outcome: 'failed', drift: ['/no'] }),
    receipt({ to: '1.5.0', tx: '3', outcome: 'rolled-back', drift: ['/b'] }),
  ];
  expect([driftOf(history, '1.4.0'), driftOf(history, '1.3.0'), driftOf(history, '1.5.0'), driftOf([], null)]).toEqual([['/a'], ['/first'], [], []]);
});

describe('who signed it', () => {
  const signed = { role: 'targets', keys: [{ fingerprint: 'SHA256:a', name: 'Ada' }], until: '2026-12-01T00:00:00.000Z' };
  const later = { ...signed, until: '2027-01-01T00:00:00.000Z' };

  it('is known from the last installation of this version', () => {
    const history = [
      receipt({ to: '1.4.0', signed }),
      receipt({ to: '1.4.0', signed: later }),
      receipt({ to: '1.5.0', outcome: 'rolled-back', signed }),
      receipt({ step: 'rollback', to: '1.4.0' }),
      receipt({ to: '1.3.0' }),
    ];
    expect([signedByOf(history, '1.4.0'), signedByOf(history, '1.5.0'), signedByOf(history, '1.3.0'), signedByOf(history, null)]).toEqual([
      later,
      null,
      null,
      null,
    ]);
  });

  it('counts for nothing on a device that verifies no signatures', () => {
    const trust = { root: 1, timestamp: 1, good: null, until: null, problem: null };
    const known = state({ trust, available: available({ signed }) });
    expect(withTrust(known, false)).toEqual({ ...known, unsigned: false });
    expect(withTrust(known, true)).toEqual(state({ available: available(), unsigned: true }));
  });
});
