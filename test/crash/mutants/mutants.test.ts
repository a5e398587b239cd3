/** Seeded mistakes (plan: L1c): a harness that does not see them would certify a broken updater. */
import assert from 'node:assert/strict';
import { beforeAll, describe, it } from 'vitest';
import { DIST, buildExplorer } from '../model/explorer.ts';
import { inLanes } from '../model/lanes.ts';
import { atLeast } from '../plan.ts';
import { MUTANTS } from './mutants.ts';
import type { Mutant } from './mutants.ts';
import { mutate } from './mutate.ts';

/** What the model has against it, or null. */
async function caughtBy(mutant: Mutant): Promise<string | null> {
  const explorer = await buildExplorer([mutate(mutant)]);
  try {
    const report = await explorer.run({ story: mutant.story, stride: 1, again: 0, againStride: 1, maxFailures: 1, processes: 0, dist: DIST });
    return report.failures[0] ?? null;
  } catch (error) {
    // It does not even end well without a power cut, and the story says so.
    if (error instanceof Error && error.message.includes('AssertionError')) return /AssertionError.*: (.*)/.exec(error.message)?.[1] ?? error.message;
    throw error;
  } finally {
    explorer.remove();
  }
}

describe('the model', () => {
  const caught: string[] = [];
  const reasons = new Map<string, Promise<string | null>>();

  beforeAll(() => {
    const tasks = MUTANTS.map((mutant) => () => caughtBy(mutant));
    for (const [index, reason] of inLanes(tasks, 2).entries()) reasons.set(MUTANTS[index]?.name ?? '', reason);
  });

  it.each(MUTANTS)('catches: $name', async ({ name }) => {
    const why = (await reasons.get(name)) ?? null;
    assert.ok(why !== null, `no check noticed '${name}'`);
    caught.push(name);
    process.stdout.write(`crash: mutant '${name}': ${why.split('\n')[0] ?? ''}\n`);
  });

  it('catches all of them', () => {
    process.stdout.write(`crash: ${String(caught.length)} of ${String(MUTANTS.length)} mutants caught\n`);
    atLeast('mutants', caught.length, 10);
  });
});
