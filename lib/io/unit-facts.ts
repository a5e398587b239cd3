/** What systemd says of a unit, from the properties as they come over the bus. */
import * as z from 'zod';

export interface UnitFacts {
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
}

export type Properties = ReadonlyMap<string, unknown>;

const TextOrNull = z.string().nullable().catch(null);
const NumberOrNull = z.number().nullable().catch(null);

/** `service` is empty for a unit that is none. A property that is missing or of another type counts as not there. */
export function unitFacts(name: string, unit: Properties, service: Properties): UnitFacts {
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
  };
}

/** Microseconds since 1970; 0 and the largest number stand for "never". */
const NextElapse = z.bigint().catch(0n);
const NEVER = 2n ** 64n - 1n;

/** When a timer elapses next, or null when it does not. */
export function nextElapse(timer: Properties): Date | null {
  const at = NextElapse.parse(timer.get('NextElapseUSecRealtime'));
  return at === 0n || at === NEVER ? null : new Date(Number(at / 1000n));
}
