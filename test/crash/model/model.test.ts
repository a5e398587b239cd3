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
import { inLanes } from './lanes.ts';

interface Planned {
  story: string;
  /** Power cuts after every so many operations; within recoveries (of every tenth device), after every so many of those. */
  stride: number;
  againStride: number;
  /** How many different devices the power cuts have to leave, and how many pairs of devices the cuts within recoveries. */
  devices: number;
  pairs: number;
}

/**
 * The four scenarios are explored whole; what goes beyond the plan is a sample. In the exhaustive run every device is cut again
 * in its recovery: after every so many of its operations, beginning with another one from device to device.
 */
const PLAN: readonly Planned[] = EXHAUSTIVE
  ? [
      { story: 'apply-over-drift', stride: 1, againStride: 6, devices: 2500, pairs: 250_000 },
      { story: 'apply-unhealthy', stride: 1, againStride: 4, devices: 2400, pairs: 300_000 },
      { story: 'apply', stride: 1, againStride: 4, devices: 1800, pairs: 220_000 },
      { story: 'rollback', stride: 1, againStride: 2, devices: 1500, pairs: 120_000 },
      { story: 'rollback-over-drift', stride: 1, againStride: 7, devices: 2000, pairs: 90_000 },
      { story: 'first-install', stride: 1, againStride: 5, devices: 1250, pairs: 40_000 },
      { story: 'apply-200-files', stride: 41, againStride: 0, devices: 2000, pairs: 0 },
    ]
  : [
      { story: 'apply-over-drift', stride: 1, againStride: 73, devices: 2500, pairs: 4000 },
      { story: 'apply-unhealthy', stride: 1, againStride: 35, devices: 2400, pairs: 5000 },
      { story: 'apply', stride: 1, againStride: 26, devices: 1800, pairs: 4500 },
      { story: 'rollback', stride: 1, againStride: 13, devices: 1500, pairs: 2500 },
      { story: 'rollback-over-drift', stride: 23, againStride: 0, devices: 120, pairs: 0 },
      { story: 'first-install', stride: 23, againStride: 0, devices: 70, pairs: 0 },
      { story: 'apply-200-files', stride: 151, againStride: 0, devices: 60, pairs: 0 },
    ];
const DEVICES = 5100;
const PAIRS = EXHAUSTIVE ? 880_000 : 22_000;
const PROCESSES = 5;

let explorer: Explorer;
const running = new Map<string, Promise<Report>>();
const reports: Report[] = [];

beforeAll(async () => {
  explorer = await buildExplorer();
  const tasks = PLAN.map(({ story, stride, againStride }) => () => {
    const again = againStride === 0 ? 0 : EXHAUSTIVE ? 1 : 10;
    const limits = { stride, again, againStride: Math.max(1, againStride), maxFailures: 5, processes: PROCESSES, dist: DIST };
    return explorer.run({ story, ...limits });
  });
  for (const [index, result] of inLanes(tasks, 2).entries()) running.set(PLAN[index]?.story ?? '', result);
});

async function taken(report: Promise<Report> | undefined): Promise<Report> {
  assert.ok(report !== undefined);
  return await report;
}

afterAll(() => {
  explorer.remove();
});

describe('a power cut', () => {
  it.each(PLAN)('leaves exactly the old or exactly the new release: $story', async ({ story, devices, pairs }) => {
    const report = await taken(running.get(story));
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
