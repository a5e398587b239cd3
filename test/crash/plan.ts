/** How many cases each harness has to run: one that ran fewer has tested something else than what it says. */
import assert from 'node:assert/strict';

/** All that there is, not the sample that fits into a few minutes. */
export const EXHAUSTIVE = process.env['PIKIT_EXHAUSTIVE'] === '1';

/** Prints how many cases were run, and fails when it is fewer than the plan says. */
export function atLeast(name: string, count: number, minimum: number): void {
  process.stdout.write(`crash: ${name}: ${String(count)} cases (plan: ${String(minimum)})\n`);
  assert.ok(count >= minimum, `${name}: ${String(count)} cases were run, the plan says ${String(minimum)}`);
}
