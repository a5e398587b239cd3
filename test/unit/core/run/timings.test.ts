import { describe, expect, it } from 'vitest';
import type { Timings } from '../../../../lib/core/run/timings.ts';
import { mediansOf, noteDuration } from '../../../../lib/core/run/timings.ts';
import { receipt } from '../../../helpers/cli-device.ts';

const NONE: Timings = { schema: 1, check: [], fetch: [] };

describe('noteDuration', () => {
  it('keeps the last five', () => {
    expect(noteDuration({ ...NONE, check: [1, 2, 3, 4] }, 'check', 5)?.check).toEqual([1, 2, 3, 4, 5]);
    expect(noteDuration({ ...NONE, check: [1, 2, 3, 4, 5] }, 'check', 9)).toEqual({ ...NONE, check: [2, 3, 4, 5, 9] });
  });

  it.each([
    [[100, 100, 100, 100, 100], 125, null],
    [[100, 100, 100, 100, 100], 75, null],
    [[100, 100, 100, 100, 100], 126, 126],
    [[100], 100, 100],
  ])('after %j, %i ms are worth a write or not', (known, ms, last) => {
    expect(noteDuration({ ...NONE, fetch: known }, 'fetch', ms)?.fetch.at(-1) ?? null).toBe(last);
  });
});

describe('mediansOf', () => {
  it('takes root’s steps from the history, where they did what they are for', () => {
    const history = [
      receipt({ step: 'apply', duration_ms: 90_000 }),
      ...[5000, 1000, 3000, 2000, 4000].map((ms) => receipt({ step: 'apply', duration_ms: ms })),
      receipt({ step: 'apply', outcome: 'failed', duration_ms: 1 }),
      receipt({ step: 'rollback', duration_ms: null }),
      receipt({ step: 'rollback', duration_ms: 700 }),
    ];
    expect(mediansOf({ ...NONE, check: [300, 100, 200] }, history)).toEqual({ check: 200, fetch: null, apply: 3000, rollback: 700, recover: null });
  });
});
