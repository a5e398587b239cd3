/**
 * Power cuts over the trust state, in the model: check, apply and the owner's commands cut after their operations, in every way that
 * POSIX allows, with the cache as a part of the device; and the check that comes next cut again.
 */
import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Report } from '../model/assignment.ts';
import type { Explorer } from '../model/explorer.ts';
import { buildExplorer } from '../model/explorer.ts';
import { inLanes } from '../model/lanes.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';

interface Planned {
  scene: string;
  /** Power cuts after every so many operations. */
  stride: number;
  /** How many different devices these have to leave. */
  devices: number;
}

/** Every so many devices are cut again in the check that comes next, after every so many operations of that. */
const AGAIN = EXHAUSTIVE ? { again: 10, againStride: 11 } : { again: 24, againStride: 29 };

const PLAN: readonly Planned[] = EXHAUSTIVE
  ? [
      { scene: 'trust-reset', stride: 1, devices: 250 },
      { scene: 'check-three-roots', stride: 1, devices: 90 },
      { scene: 'check-repair', stride: 1, devices: 75 },
      { scene: 'check-release', stride: 1, devices: 17 },
      { scene: 'apply-three-roots', stride: 1, devices: 30 },
      { scene: 'apply-repair', stride: 1, devices: 23 },
      { scene: 'apply-release', stride: 1, devices: 13 },
      { scene: 'trust-first', stride: 1, devices: 14 },
      { scene: 'trust-next', stride: 1, devices: 8 },
    ]
  : [
      { scene: 'trust-reset', stride: 17, devices: 40 },
      { scene: 'check-three-roots', stride: 4, devices: 40 },
      { scene: 'check-repair', stride: 4, devices: 35 },
      { scene: 'check-release', stride: 5, devices: 17 },
      { scene: 'apply-three-roots', stride: 3, devices: 30 },
      { scene: 'apply-repair', stride: 3, devices: 23 },
      { scene: 'apply-release', stride: 2, devices: 13 },
      { scene: 'trust-first', stride: 1, devices: 14 },
      { scene: 'trust-next', stride: 1, devices: 8 },
    ];

let explorer: Explorer;
const running = new Map<string, Promise<Report>>();
let [devices, pairs] = [0, 0];

beforeAll(async () => {
  explorer = await buildExplorer([], new URL('./child.ts', import.meta.url));
  const tasks = PLAN.map(({ scene, stride }) => () => {
    return explorer.run({ story: scene, stride, ...AGAIN, maxFailures: 5, processes: 0, dist: '/' });
  });
  for (const [index, result] of inLanes(tasks, 2).entries()) running.set(PLAN[index]?.scene ?? '', result);
});

afterAll(() => {
  explorer.remove();
});

describe('a power cut', () => {
  it.each(PLAN)('leaves a device that trusts what it did or what it was to, and is told the truth: $scene', async (planned) => {
    const report = await running.get(planned.scene);
    assert.ok(report !== undefined);
    assert.deepEqual(report.failures, []);
    devices += report.distinct;
    pairs += report.pairs;
    atLeast(`trust, ${planned.scene} (${String(report.operations)} operations, ${String(report.raw)} cuts)`, report.distinct, planned.devices);
  });

  it('was tried as often as planned', () => {
    atLeast('trust, power cuts', devices, EXHAUSTIVE ? 500 : 240);
    atLeast('trust, power cuts in the check that comes next', pairs, EXHAUSTIVE ? 400 : 50);
  });
});
