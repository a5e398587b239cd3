/** The run that is going on or was the last one: as run.json says it. systemd is asked whether what is open there is at work or comes. */
import { runOf } from '../core/run/run-state.ts';
import type { Activity } from '../core/run/run-state.ts';
import type { Begun, RecordedStep, RunRecord } from '../core/run/run-record.ts';
import { nextOf, updateBegun } from '../core/run/run-record.ts';
import { hasSaidNothing } from '../core/run/ended-early.ts';
import type { Run } from '../core/run/run.ts';
import type { UnitSight } from '../core/run/unit-sight.ts';
import type { UnitRunner } from '../io/systemd/unit-runner.ts';
import type { ReaderDeps } from './deps.ts';
import type { Step } from './running.ts';
import { unitOf } from './running.ts';

const STEPS: readonly Step[] = ['recover', 'check', 'fetch', 'apply', 'rollback'];

/** What is read while steps come and go is read again; a step takes far longer than this many looks. */
const MOST_LOOKS = 5;

/** Null when nothing has run since the device was started. Works without systemd, by what the steps wrote. */
export async function readRun(deps: ReaderDeps): Promise<Run | null> {
  for (let looks = 1; ; looks += 1) {
    // In this order: the link goes when the run that it is for is in the file.
    const begun = deps.files.readBegun();
    const record = deps.files.readRunRecord();
    const run = await see(deps, record, begun === null || begun.id === record?.id ? null : updateBegun(begun));
    // A unit that was seen at work may be of an update whose link came after the first look for it.
    if (looks === MOST_LOOKS || moment(record, begun) === moment(deps.files.readRunRecord(), deps.files.readBegun())) return run;
  }
}

/** What changes when an update is asked for, and when a step begins or ends. */
function moment(record: RunRecord | null, begun: Begun | null): string {
  return JSON.stringify([begun?.id ?? null, record === null ? null : [record.id, record.ended, record.steps]]);
}

async function see(deps: ReaderDeps, record: RunRecord | null, begun: RunRecord | null): Promise<Run | null> {
  const activity: Activity = record?.ended === null ? await activityOf(deps, record) : OVER;
  const run = record === null ? null : runOf(record, activity);
  // What kept its next step from beginning is told with it.
  if (run?.state === 'running' || (activity.is === 'over' && activity.unit !== null)) return run;
  try {
    const units = await deps.units();
    return (begun === null ? null : await seeBegun(deps, units, begun, record)) ?? (await unwritten(units, record)) ?? run;
  } catch {
    // Safe to ignore: without systemd there is what was written.
    return run;
  }
}

/** An update by hand that has no step yet: it waits, or its first step was kept from beginning. */
async function seeBegun({ terminate }: ReaderDeps, units: UnitRunner, begun: RunRecord, record: RunRecord | null): Promise<Run | null> {
  if (await isComing(units, unitOf('apply'))) return runOf(begun, { is: 'coming', step: 'fetch', unit: null });
  if (begun.opened <= (record?.ended ?? '')) return null;
  const unit = await lostStart(units, 'fetch', begun.opened);
  // In a folder, another process may run it.
  return unit === null && terminate !== null ? null : runOf(begun, { is: 'over', unit });
}

/** How a start ended that wrote no line since then; null when there was none. */
async function lostStart(units: UnitRunner, step: Step, since: string): Promise<UnitSight | null> {
  const unit = await units.look(unitOf(step));
  return hasSaidNothing(unit) && unit.since !== null && unit.since >= since && !unit.active ? unit : null;
}

const OVER: Activity = { is: 'over', unit: null };

/** Of a run that its file has open. Where systemd cannot be asked, what the file says is so while the process is there. */
async function activityOf(deps: ReaderDeps, record: RunRecord): Promise<Activity> {
  const last = record.steps.at(-1);
  const next = nextOf(record);
  const isAlone = last !== undefined && last.ended === null;
  try {
    const units = await deps.units();
    const unit = last === undefined ? null : await units.look(unitOf(last.step));
    if (isAlone && isAtWork(last, unit, deps)) return { is: 'at-work' };
    const known = isAlone && unit !== null && isOf(unit, last) ? unit : null;
    // An apply that was killed is cleared up after, if it had begun to change files.
    const coming = next ?? (isAlone && last.step === 'apply' ? 'rollback' : null);
    if (coming === null) return { is: 'over', unit: known };
    if (last !== undefined && !isAlone && unit?.active === true && isOf(unit, last)) return { is: 'coming', step: coming, unit: known };
    if (await isHandedTo(units, coming)) return { is: 'coming', step: coming, unit: known };
    return { is: 'over', unit: isAlone ? known : await lostStart(units, coming, last?.ended ?? record.opened) };
  } catch {
    if (isAlone) return deps.isAlive(last.pid) ? { is: 'at-work' } : OVER;
    return next === null ? OVER : { is: 'coming', step: next, unit: null };
  }
}

/** In the order in which it moves: looked for the other way round, it could be missed in both places. */
async function isHandedTo(units: UnitRunner, step: Step): Promise<boolean> {
  return (await isComing(units, `pikit-update-gate@${step}.service`)) || (await isComing(units, unitOf(step)));
}

async function isComing(units: UnitRunner, unit: string): Promise<boolean> {
  const { active, waiting } = await units.look(unit);
  return active || waiting;
}

/** Whether what is known of a unit is of this very start. */
function isOf({ invocation }: UnitSight, step: RecordedStep): boolean {
  return invocation === null || invocation === step.invocation;
}

/** Of a start that systemd made, systemd knows; the number of its process may be another one's by now. */
function isAtWork(step: RecordedStep, unit: UnitSight | null, { isAlive }: ReaderDeps): boolean {
  if (unit?.invocation === step.invocation) return unit.active;
  if (unit?.active === true && unit.invocation === null) return true;
  return isAlive(step.pid);
}

/** A start after the run on record that has not written a line: it waits for the lock, or has ended. */
async function unwritten(units: UnitRunner, record: RunRecord | null): Promise<Run | null> {
  const latest = record?.ended ?? record?.steps.at(-1)?.started ?? '';
  for (const step of STEPS) {
    const unit = await units.look(unitOf(step));
    const { active, invocation, since } = unit;
    if (invocation === null || since === null || since <= latest || record?.steps.some((one) => one.invocation === invocation) === true) continue;
    // Whose check it is, and what it is a part of, only its own line says.
    if (active && step !== 'check') return startOf(step, invocation, since, null);
    if (!active && hasSaidNothing(unit)) return startOf(step, invocation, since, unit);
  }
  return null;
}

const KINDS: Readonly<Record<Step, Run['kind']>> = { check: 'check', fetch: 'download', apply: 'update', rollback: 'rollback', recover: 'recovery' };

/** A start as a run that has not written anything: null for `ended`, it is at work. */
export function startOf(step: Step, id: string, since: string, ended: UnitSight | null): Run {
  const blank = { ended: null, outcome: null, code: null, message: null, hint: null, version: null };
  const told = {
    schema: 2 as const,
    id,
    kind: KINDS[step],
    by: 'owner' as const,
    opened: since,
    plan: [step],
    steps: [{ ...blank, step, invocation: id, started: since }],
    now: null,
    percent: null,
    seconds_left: null,
    ended: null,
  };
  return runOf(told, ended === null ? { is: 'at-work' } : { is: 'over', unit: ended });
}
