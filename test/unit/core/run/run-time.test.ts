import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../../lib/core/run/run-record.ts';
import { stepBegun, stepEnded } from '../../../../lib/core/run/run-record.ts';
import { stepReported } from '../../../../lib/core/run/run-time.ts';
import type { Medians } from '../../../../lib/core/run/timings.ts';
import type { Progress } from '../../../../lib/core/device/state.ts';
import { NOW, PROGRESS } from '../../../helpers/cli-device.ts';
import { stepStart } from '../../../helpers/run-start.ts';

const NEVER: Medians = { check: null, fetch: null, apply: null, rollback: null, recover: null };
const KNOWN: Medians = { check: 1000, fetch: 30_000, apply: 10_000, rollback: 5000, recover: 2000 };
const OK = { at: NOW, outcome: 'ok', code: null, message: '', hint: null, version: null } as const;

const fetching = stepBegun(null, stepStart('fetch', { begun: { id: 'b', at: NOW.toISOString() } }));
const applying = stepBegun(stepEnded(fetching, 'fetch-1', OK, true), stepStart('apply'));
const checking = stepBegun(null, stepStart('check'));

/** What a step reports so many seconds after it has begun. */
function reported(record: RunRecord, seconds: number, progress: Partial<Progress>, medians = KNOWN): RunRecord {
  const step = record.steps.at(-1)?.step ?? 'check';
  return stepReported(record, { ...PROGRESS, step, updated: new Date(NOW.getTime() + seconds * 1000).toISOString(), ...progress }, medians);
}

describe('how far a run is', () => {
  it.each([
    ['half of the download', reported(fetching, 1, { percent: 50 }), 33],
    ['all of it', reported(fetching, 1, { percent: 100 }), 67],
    ['unpacking', reported(fetching, 1, { phase: 'unpacking', percent: 0 }), 67],
    ['looking before the download', reported(fetching, 1, { phase: 'checking' }), 0],
    ['downloaded', reported(applying, 0, { phase: 'verifying' }), 75],
    ['half of an apply', reported(applying, 5, { phase: 'installing' }), 87],
    ['an apply that takes longer than ever', reported(applying, 900, { phase: 'checking-health' }), 99],
    ['a check that takes longer than ever', reported(checking, 900, { phase: 'checking' }), 95],
    ['on a device that never had an update', reported(fetching, 1, { percent: 50 }, NEVER), 32],
    ['while its clock jumps', reported(checking, -5000, { phase: 'checking' }, NEVER), 0],
    ['in a check that may go on', reported(stepBegun(null, stepStart('check', { byTimer: true, auto: 'install' })), 1, {}), null],
  ])('%s', (_name, { percent }, expected) => {
    expect(percent).toBe(expected);
  });

  it('never goes back, and the time left never grows, whatever is reported', () => {
    let record = fetching;
    const percents: (number | null)[] = [];
    const lefts: (number | null)[] = [];
    for (const [seconds, percent, rate] of [
      [1, 50, 100_000],
      [2, 30, 50_000],
      [9, 60, 1],
    ] as const) {
      record = reported(record, seconds, { percent, rate_bytes_per_s: rate });
      percents.push(record.percent);
      lefts.push(record.seconds_left);
    }
    expect(percents).toEqual([33, 33, 40]);
    expect(new Set(lefts).size).toBe(1);
  });

  it('grows from phase to phase, however fast they follow each other', () => {
    const phases = ['verifying', 'preparing', 'installing', 'post-install', 'restarting', 'checking-health'];
    for (const seconds of [0, 3, 8, 30]) {
      const percents = phases.map((phase) => reported(applying, seconds, { phase }).percent ?? -1);
      expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    }
  });
});

describe('how long it may take still', () => {
  const download = { bytes: 1_000_000, total_bytes: 3_000_000, rate_bytes_per_s: 100_000 };
  it.each([
    ['by the rate, and what comes after', reported(fetching, 1, download), 30],
    ['by the rate, and a guess at what comes after', reported(fetching, 1, download, NEVER), 28],
    ['without a rate, by past runs', reported(fetching, 10, { rate_bytes_per_s: null }), 30],
    ['with a rate of nothing', reported(fetching, 10, { ...download, rate_bytes_per_s: 0 }), 30],
    ['with neither', reported(fetching, 10, { rate_bytes_per_s: null }, NEVER), null],
    ['what takes longer than ever', reported(applying, 900, { phase: 'restarting' }), 1],
  ])('%s', (_name, { seconds_left: left }, expected) => {
    expect(left).toBe(expected);
  });
});
