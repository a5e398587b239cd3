import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { placeIn } from '../../../helpers/change.ts';
import { Receipt } from '../../../../lib/core/device/state.ts';
import { failureReceipt, journalReceipt, plainReceipt, toFailure } from '../../../../lib/steps/outcome/receipts.ts';
import { NOW } from '../../../helpers/device.ts';
import { aJournal } from '../../../helpers/documents.ts';

const FACTS = { step: 'apply' as const, at: NOW, tookMs: 1500 };
const ERROR = new UpdateError('PROBE_FAILED', 'no answer', { hint: 'look there', subject: 'http://x/', lines: ['a', 'b'] });
const JOURNAL = aJournal({ phase: 'committed', to: '1.1.0', ops: [], mkdirs: [], drift: ['/a'], kept: ['/b.pikit-new'], failure: null });

describe('receipts', () => {
  it('are all of one shape', () => {
    const versions = { from: '1.0.0', to: '1.1.0' };
    for (const receipt of [
      plainReceipt(FACTS, 'ok', 'done', versions),
      failureReceipt(FACTS, ERROR, versions),
      journalReceipt(FACTS, placeIn('/'), JOURNAL, 'ok', 'done'),
      journalReceipt(FACTS, placeIn('/'), { ...JOURNAL, failure: toFailure(ERROR) }, 'rolled-back', 'went back'),
    ])
      expect(Receipt.parse(receipt)).toEqual(receipt);
  });

  it('of a failure have code, hint, subject, lines, versions and how long it took', () => {
    expect(failureReceipt({ ...FACTS, tookMs: 250 }, ERROR, { from: '1.0.0', to: '1.1.0' })).toMatchObject({
      outcome: 'failed',
      code: 'PROBE_FAILED',
      message: 'no answer',
      hint: 'look there',
      subject: 'http://x/',
      lines: ['a', 'b'],
      from: '1.0.0',
      to: '1.1.0',
      duration_ms: 250,
    });
  });

  it.each([
    ['CANCELLED', 'cancelled'],
    ['BROKEN', 'broken'],
    ['NO_SPACE', 'failed'],
  ] as const)('of %s are called %s', (code, outcome) => {
    expect(failureReceipt(FACTS, new UpdateError(code, 'x'), { from: null, to: null }).outcome).toBe(outcome);
  });

  it('of a transaction say how long the step took, not how long ago a clock says that it began', () => {
    for (const started of ['2026-11-22T09:59:58.500Z', '2027-11-22T10:00:05.000Z', '1970-01-01T00:00:00.000Z']) {
      expect(journalReceipt(FACTS, placeIn('/'), { ...JOURNAL, started }, 'ok', 'done').duration_ms).toBe(1500);
    }
  });
});
