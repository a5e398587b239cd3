/** L2a: how many processes die in each file of this folder. The files run apart, and so each answers for its part of the plan. */
import assert from 'node:assert/strict';
import { EXHAUSTIVE, atLeast } from '../plan.ts';

/** The short run leaves out what is the same device again: a kill before an fsync, and before a call that fails. */
const KILLS = EXHAUSTIVE
  ? { apply: 300, undo: 314, rollback: 222, recover: 346, network: 180, drift: 633, large: 350, trust: 400 }
  : { apply: 184, undo: 80, rollback: 132, recover: 109, network: 62, drift: 33, large: 23, trust: 24 };

const PLAN = EXHAUSTIVE ? 1860 : 620;

const sum = Object.values(KILLS).reduce((total, count) => total + count, 0);
assert.ok(sum >= PLAN, `L2a: the files plan ${String(sum)} kills, the plan says ${String(PLAN)}`);

/** Throws when a file has seen fewer processes die than its part. */
export function enoughKills(file: keyof typeof KILLS, deaths: number): void {
  atLeast(`L2a kill -9 in ${file}`, deaths, KILLS[file]);
}
