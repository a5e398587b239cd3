import { describe, expect, it } from 'vitest';
import { failureOf, receiptError } from '../../../lib/device/verdict.ts';
import type { JobResult } from '../../../lib/io/systemd/unit-runner.ts';
import { AT_REST, receipt } from '../../helpers/cli-device.ts';

const UNIT = 'pikit-update-apply.service';

function ended(result: JobResult, look: { result?: string; exitStatus?: number } = {}, told = receipt({ outcome: 'nothing' })) {
  return {
    is: 'ended' as const,
    result,
    receipt: told,
    unit: UNIT,
    look: { ...AT_REST, result: look.result ?? null, exitStatus: look.exitStatus ?? null },
  };
}

describe('failureOf', () => {
  it('is nothing for a run that is done, whatever it wrote', () => {
    expect(failureOf(ended('done'))).toBeNull();
    expect(failureOf(ended('done', {}, receipt({ outcome: 'rolled-back' })))).toBeNull();
  });

  it.each([
    ['exit', 'failed', { result: 'exit-code', exitStatus: 203 }, 'STEP_FAILED', `'${UNIT}' failed (systemd failed to start it: exit code 203)`],
    ['signal', 'failed', { result: 'signal', exitStatus: 9 }, 'STEP_FAILED', `'${UNIT}' failed (killed)`],
    ['busy', 'failed', { result: 'exit-code', exitStatus: 75 }, 'BUSY', `'${UNIT}' gave up waiting: another update step is running`],
    ['too-often', 'failed', { result: 'start-limit-hit' }, 'STEP_FAILED', `'${UNIT}' failed (start-limit-hit)`],
    ['dependency', 'dependency', { result: 'exit-code', exitStatus: 1 }, 'STEP_FAILED', `'${UNIT}' failed (exit-code 1)`],
    ['timeout', 'timeout', {}, 'STEP_FAILED', `'${UNIT}' exceeded its time limit`],
    ['canceled', 'canceled', {}, 'CANCELLED', `'${UNIT}' was stopped`],
    ['skipped', 'skipped', {}, 'STEP_FAILED', `'${UNIT}' cannot be started in its current state`],
    ['unknown', 'failed', {}, 'STEP_FAILED', `'${UNIT}' failed (no result)`],
  ] as const)('%s', (_name, result, look, code, message) => {
    expect(failureOf(ended(result, look))).toMatchObject({ code, message });
  });

  it("takes the receipt's own words when the run left some", () => {
    const told = receipt({ outcome: 'rolled-back', code: 'SERVICE_FAILED', message: 'it fell', hint: 'look', subject: 'a.service', lines: ['boom'] });
    expect(failureOf(ended('failed', { result: 'exit-code', exitStatus: 1 }, told))).toMatchObject({
      code: 'SERVICE_FAILED',
      message: 'it fell',
      hint: 'look',
      subject: 'a.service',
      lines: ['boom'],
    });
  });
});

it('reads a code of next year as INTERNAL, and none as STEP_FAILED', () => {
  expect(receiptError(receipt({ code: 'NEW_CODE' })).code).toBe('INTERNAL');
  expect(receiptError(receipt({ code: null })).code).toBe('STEP_FAILED');
});
