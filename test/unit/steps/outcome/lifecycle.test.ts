import { describe, expect, it } from 'vitest';
import type { LifecycleEvent } from '../../../../lib/core/events.ts';
import { UpdateError } from '../../../../lib/core/errors.ts';
import type { Receipt } from '../../../../lib/core/device/state.ts';
import type { StepFailure, StepResult } from '../../../../lib/steps/deps.ts';
import { lifecycleEvent } from '../../../../lib/steps/outcome/lifecycle.ts';
import { recordFailure } from '../../../../lib/steps/outcome/step-result.ts';
import { device, stepDeps } from '../../../helpers/device.ts';

describe('a result', () => {
  const KEYS = [
    { fingerprint: 'SHA256:a', name: 'Ada' },
    { fingerprint: 'SHA256:b', name: null },
  ];
  const SIGNED = { role: 'targets', keys: KEYS, until: '2026-12-01T00:00:00.000Z' };
  const HELD: LifecycleEvent = { is: 'held', version: '1.1.0', branch: 'beta' };

  it.each<[string, Receipt['step'], Partial<StepResult>, LifecycleEvent | undefined]>([
    ['found', 'check', { to: '1.1.0', branch: 'beta' }, { is: 'available', version: '1.1.0', branch: 'beta' }],
    ['held', 'check', { outcome: 'nothing', event: HELD }, HELD],
    ['nothing-found', 'check', { outcome: 'nothing', to: '1.1.0' }, undefined],
    ['downloaded', 'fetch', { to: '1.1.0' }, { is: 'downloaded', version: '1.1.0', branch: null }],
    ['installed', 'apply', { to: '1.1.0' }, { is: 'installed', version: '1.1.0', branch: null }],
    [
      'installed-and-signed',
      'apply',
      { to: '1.1.0', signed: SIGNED },
      { is: 'installed', version: '1.1.0', branch: null, signedBy: 'Ada, SHA256:b' },
    ],
    ['found-and-signed', 'check', { to: '1.1.0', signed: SIGNED }, { is: 'available', version: '1.1.0', branch: null, signedBy: 'Ada, SHA256:b' }],
    ['back', 'rollback', { to: null }, { is: 'rolled-back', version: null, branch: null }],
    ['finished-at-boot', 'recover', {}, { is: 'interrupted', version: null, branch: null }],
    [
      'undone-at-boot',
      'recover',
      { outcome: 'rolled-back', event: { is: 'interrupted', version: '1.1.0' } },
      { is: 'interrupted', version: '1.1.0' },
    ],
    ['nothing-interrupted', 'recover', { outcome: 'nothing' }, undefined],
  ])('%s', (_name, step, result, event) => {
    expect(lifecycleEvent(stepDeps(device()), step, { outcome: 'ok', message: '', ...result })).toEqual(event);
  });
});

describe('a failure', () => {
  const failed: StepFailure = { outcome: 'failed', failure: new UpdateError('PROBE_FAILED', 'it does not answer'), recorded: false };

  it('has its code, and the branch that the device follows', () => {
    expect(lifecycleEvent(stepDeps(device()), 'check', failed)).toEqual({ is: 'failed', code: 'PROBE_FAILED', version: null, branch: 'stable' });
  });

  it('of signatures is an event of its own', () => {
    const failure = new UpdateError('METADATA_ROLLBACK', 'it is older');
    expect(lifecycleEvent(stepDeps(device()), 'check', { ...failed, failure })).toMatchObject({ is: 'untrusted', code: 'METADATA_ROLLBACK' });
  });

  it('of a transaction is about the release that its receipt names', () => {
    const deps = stepDeps(device());
    recordFailure(deps, { step: 'apply', at: deps.now(), tookMs: null }, failed.failure);
    const state = deps.files.readState();
    if (state.last_result === null) throw new Error('no receipt');
    deps.files.writeState({ ...state, last_result: { ...state.last_result, to: '1.1.0', branch: 'beta' } });
    expect(lifecycleEvent(deps, 'apply', { ...failed, recorded: true })).toMatchObject({ is: 'failed', version: '1.1.0', branch: 'beta' });
  });

  it.each(['BROKEN', 'UNDO_FAILED'] as const)('of an update that cannot be undone is an event of its own: %s', (code) => {
    expect(lifecycleEvent(stepDeps(device()), 'recover', { ...failed, failure: new UpdateError(code, '') })).toMatchObject({ is: 'broken', code });
  });

  it('is told without more where the state cannot be read', () => {
    const deps = stepDeps(device());
    const readState = (): never => {
      throw new Error('EIO');
    };
    expect(lifecycleEvent({ files: { ...deps.files, readState } }, 'apply', failed)).toEqual({ is: 'failed', code: 'PROBE_FAILED' });
  });
});
