/** Seeded mistakes (plan: L1c): a harness that does not see them would certify a broken updater. */
import assert from 'node:assert/strict';
import { beforeAll, describe, it } from 'vitest';
import { DIST, buildExplorer } from '../model/explorer.ts';
import { inLanes } from '../model/lanes.ts';
import { atLeast } from '../plan.ts';
import { MUTANTS as TRUST_MUTANTS } from '../trust/mutants.ts';
import { MUTANTS } from './mutants.ts';
import type { Mutant } from './mutants.ts';
import { mutate } from './mutate.ts';

interface Harness {
  name: string;
  mutants: readonly Mutant[];
  /** The program that explores its stories; the model's own if it is left out. */
  child?: URL;
  planned: number;
}

const HARNESSES: readonly Harness[] = [
  { name: 'the model', mutants: MUTANTS, planned: 12 },
  { name: 'the model of the trust state', mutants: TRUST_MUTANTS, child: new URL('../trust/child.ts', import.meta.url), planned: 7 },
];

/** What the model has against it, or null. */
async function caughtBy(mutant: Mutant, child?: URL): Promise<string | null> {
  const explorer = await buildExplorer([mutate(mutant)], child);
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

describe.each(HARNESSES)('$name', ({ name: harness, mutants, child, planned }) => {
  const caught: string[] = [];
  const reasons = new Map<string, Promise<string | null>>();

  beforeAll(() => {
    const tasks = mutants.map((mutant) => () => caughtBy(mutant, child));
    for (const [index, reason] of inLanes(tasks, 2).entries()) reasons.set(mutants[index]?.name ?? '', reason);
  });

  it.each(mutants)('catches: $name', async ({ name }) => {
    const why = (await reasons.get(name)) ?? null;
    assert.ok(why !== null, `no check noticed '${name}'`);
    caught.push(name);
    process.stdout.write(`crash: mutant '${name}': ${why.split('\n')[0] ?? ''}\n`);
  });

  it('catches all of them', () => {
    process.stdout.write(`crash: ${harness}: ${String(caught.length)} of ${String(mutants.length)} mutants caught\n`);
    atLeast(`mutants, ${harness}`, caught.length, planned);
  });
});
