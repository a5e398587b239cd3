/**
 * Power cuts in the model (plan: L1a, L1b): every story cut after every operation, in every way that POSIX allows, recovered
 * and compared byte for byte; and recoveries cut again.
 */
import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import type { Report } from './assignment.ts';
import type { Explorer } from './explorer.ts';
import { DIST, buildExplorer } from './explorer.ts';

interface Planned {
  story: string;
  stride: number;
  /** How many different devices the power cuts have to leave, and how many pairs of devices the cuts within recoveries. */
  devices: number;
  pairs: number;
}

/** The four scenarios are explored whole; what goes beyond the plan is a sample, and whole in the exhaustive run. */
const PLAN: readonly Planned[] = EXHAUSTIVE
  ? [
      { story: 'apply', stride: 1, devices: 1700, pairs: 400_000 },
      { story: 'apply-unhealthy', stride: 1, devices: 2300, pairs: 500_000 },
      { story: 'rollback', stride: 1, devices: 1400, pairs: 250_000 },
      { story: 'apply-over-drift', stride: 1, devices: 2300, pairs: 600_000 },
      { story: 'rollback-over-drift', stride: 1, devices: 2000, pairs: 400_000 },
      { story: 'first-install', stride: 1, devices: 1250, pairs: 200_000 },
      { story: 'apply-200-files', stride: 13, devices: 6000, pairs: 0 },
    ]
  : [
      { story: 'apply', stride: 1, devices: 1700, pairs: 6000 },
      { story: 'apply-unhealthy', stride: 1, devices: 2300, pairs: 8000 },
      { story: 'rollback', stride: 1, devices: 1400, pairs: 5000 },
      { story: 'apply-over-drift', stride: 1, devices: 2300, pairs: 10_000 },
      { story: 'rollback-over-drift', stride: 7, devices: 280, pairs: 0 },
      { story: 'first-install', stride: 7, devices: 180, pairs: 0 },
      { story: 'apply-200-files', stride: 211, devices: 400, pairs: 0 },
    ];
const DEVICES = 5100;
const PAIRS = EXHAUSTIVE ? 880_000 : 22_000;
const PROCESSES = 5;

let explorer: Explorer;
const reports: Report[] = [];

beforeAll(async () => {
  explorer = await buildExplorer();
});

afterAll(() => {
  explorer.remove();
});

describe('a power cut', () => {
  it.each(PLAN)('leaves exactly the old or exactly the new release: $story', async ({ story, stride, devices, pairs }) => {
    const again = pairs === 0 ? 0 : EXHAUSTIVE ? 1 : 10;
    const limits = { stride, again, againStride: EXHAUSTIVE ? 1 : 7, maxFailures: 5, processes: PROCESSES, dist: DIST };
    const report = await explorer.run({ story, ...limits });
    reports.push(report);
    assert.deepEqual(report.failures, []);
    assert.equal(report.processes, PROCESSES);
    atLeast(`model, ${story} (${String(report.operations)} operations, ${String(report.raw)} cuts)`, report.distinct, devices);
    if (pairs > 0) atLeast(`model, ${story}, cut again (${String(report.fresh)} of them new)`, report.pairs, pairs);
  });

  it('was tried as often as planned', () => {
    const sum = (of: (report: Report) => number): number => reports.reduce((total, report) => total + of(report), 0);
    atLeast(
      'model, power cuts',
      sum((report) => report.distinct),
      DEVICES,
    );
    atLeast(
      'model, power cuts within recoveries',
      sum((report) => report.pairs),
      PAIRS,
    );
    atLeast(
      'model, recovered by the built recover.js',
      sum((report) => report.processes),
      PROCESSES * PLAN.length,
    );
  });
});
