/** What systemd says of a unit, from the properties as they come over the bus. */
import * as z from 'zod';
import type { UnitSight } from '../../core/run/unit-sight.ts';

export interface UnitStatus {
  name: string;
  loadState: string;
  activeState: string;
  subState: string;
  unitFileState: string;
  /** Only services have these. */
  type: string | null;
  result: string | null;
  restarts: number | null;
  /** Exit status of the main process of the last run; null when there was none. */
  exitStatus: number | null;
  statusText: string | null;
  /** A job for it is queued, or being done. */
  hasJob: boolean;
  /** Id of the start that is running, or was the last one while systemd remembers it. */
  invocation: string | null;
  /** When it left its rest for that. */
  since: Date | null;
  /** When systemd last refused to start it (StartLimitBurst=), where nothing has come since. */
  refused: Date | null;
}

export type Properties = ReadonlyMap<string, unknown>;

const TextOrNull = z.string().nullable().catch(null);
const NumberOrNull = z.number().nullable().catch(null);
/** Number and path of a job; the number is 0 when there is none. */
const Job = z.tuple([z.number(), z.string()]).catch([0, '/']);
const Id = z.instanceof(Uint8Array).catch(new Uint8Array());
const Microseconds = z.bigint().catch(0n);

/** `service` is empty for a unit that is none. A property that is missing or of another type counts as not there. */
export function unitStatus(name: string, unit: Properties, service: Properties): UnitStatus {
  const text = (key: string): string => z.string().catch('').parse(unit.get(key));
  return {
    name,
    loadState: text('LoadState'),
    activeState: text('ActiveState'),
    subState: text('SubState'),
    unitFileState: text('UnitFileState'),
    type: TextOrNull.parse(service.get('Type')),
    result: TextOrNull.parse(service.get('Result')),
    restarts: NumberOrNull.parse(service.get('NRestarts')),
    exitStatus: service.get('ExecMainExitTimestamp') === 0n ? null : NumberOrNull.parse(service.get('ExecMainStatus')),
    statusText: TextOrNull.parse(service.get('StatusText')),
    hasJob: Job.parse(unit.get('Job'))[0] !== 0,
    invocation: invocationOf(Id.parse(unit.get('InvocationID'))),
    since: dateOf(Microseconds.parse(unit.get('InactiveExitTimestamp'))),
    refused: refusalOf(unit),
  };
}

/**
 * `Result=` says `start-limit-hit` only where the run before was a success: any other result stays. What a refused start does to a
 * unit that has failed is to change its state, to the same, without a run that would have ended then (systemd 252 and 257).
 */
function refusalOf(unit: Properties): Date | null {
  const [changed, ended] = ['StateChangeTimestamp', 'InactiveEnterTimestamp'].map((key) => Microseconds.parse(unit.get(key)));
  return unit.get('ActiveState') === 'failed' && changed !== undefined && ended !== undefined && changed > ended ? dateOf(changed) : null;
}

/** As INVOCATION_ID has it; all zeros where there was no start. */
function invocationOf(id: Uint8Array): string | null {
  return id.every((byte) => byte === 0) ? null : Buffer.from(id).toString('hex');
}

const ACTIVE = ['active', 'activating', 'deactivating', 'reloading'];

/** What a caller that starts units needs to know of one. */
export function lookOf({ activeState, result, exitStatus, hasJob, invocation, since, refused }: UnitStatus): UnitSight {
  const active = ACTIVE.includes(activeState);
  const ended = refused === null ? { result, since } : { result: 'start-limit-hit', since: refused };
  return { active, waiting: !active && hasJob, exitStatus, invocation, result: ended.result, since: ended.since?.toISOString() ?? null };
}

/** Those the owner has stopped or disabled stay as they are; one that has failed may be mended by the new release. */
export function isMeantToRun({ loadState, activeState, unitFileState }: Pick<UnitStatus, 'loadState' | 'activeState' | 'unitFileState'>): boolean {
  if (loadState !== 'loaded') return false;
  return [...ACTIVE, 'failed'].includes(activeState) || unitFileState === 'enabled';
}

/** Microseconds since 1970; 0 and the largest number stand for "never". */
const NEVER = 2n ** 64n - 1n;

/** When a timer elapses next, or null when it does not. */
export function nextElapse(timer: Properties): Date | null {
  return dateOf(Microseconds.parse(timer.get('NextElapseUSecRealtime')));
}

function dateOf(at: bigint): Date | null {
  return at === 0n || at === NEVER ? null : new Date(Number(at / 1000n));
}
