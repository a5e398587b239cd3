import { describe, expect, it } from 'vitest';
import type { Receipt } from '../../../../lib/core/device/state.ts';
import { importFailure } from '../../../../lib/steps/outcome/import-failure.ts';
import { plainReceipt } from '../../../../lib/steps/outcome/receipts.ts';
import { NOW, device, stepDeps } from '../../../helpers/device.ts';

const FAILED = { ...plainReceipt({ step: 'fetch', at: NOW, tookMs: null }, 'failed', 'no', { from: null, to: null }), code: 'OFFLINE' };

describe('adoptReceipt', () => {
  it.each<[string, Receipt | null, number]>([
    ['a failed fetch', FAILED, 1],
    ['a failed check', { ...FAILED, step: 'check' }, 1],
    ['a fetch that did nothing', { ...FAILED, outcome: 'nothing' }, 0],
    ['a cancelled fetch', { ...FAILED, outcome: 'cancelled' }, 0],
    ['a failed apply, which wrote its own line', { ...FAILED, step: 'apply' }, 0],
    ['a failed fetch with much to say', { ...FAILED, message: 'x'.repeat(10_000) }, 1],
    ['one that is made to fill the history', { ...FAILED, message: 'x'.repeat(20_000) }, 0],
    ['nothing', null, 0],
  ])('takes over once: %s', (_name, last, lines) => {
    const on = device();
    on.files.writeState({ ...on.files.readState(), last_result: last });
    importFailure(stepDeps(on));
    importFailure(stepDeps(on));
    expect(on.files.readHistory()).toHaveLength(lines);
  });

  it('leaves a receipt alone that is in the history already', () => {
    const on = device();
    on.files.appendHistory(FAILED);
    on.files.writeState({ ...on.files.readState(), last_result: FAILED });
    importFailure(stepDeps(on));
    expect(on.files.readHistory()).toEqual([FAILED]);
  });
});
