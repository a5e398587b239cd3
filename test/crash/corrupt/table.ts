/**
 * The oracle as tables: each file that is read back, the programs that meet it damaged, and all that may come of it.
 * An end is `<code or outcome> <version that the device is on afterwards>`.
 */
import type { Device } from '../../helpers/device.ts';
import type { Damage } from './damage.ts';
import type { Program } from './run.ts';
import type { Phase } from './story.ts';

export interface Meeting {
  program: Program;
  /** The device it runs on; at rest if nothing is said. */
  phase?: Phase;
  /** With the file as it was written, or a damage that says the same. */
  well: string;
  /** With damage that cannot be overlooked; `well` if nothing is said. */
  ill?: readonly string[];
  /** With one letter for another these may come, too. */
  maybe?: readonly string[];
  /** It need not say anything: nothing depends on this file here, or all of it is known from elsewhere. */
  silent?: true;
  /** In place of the row's. */
  bytes?: Row['bytes'];
  /** Of the cuts and flips it meets only every so many when not all is run: it takes longer than the others. */
  every?: number;
  /** It does not meet these. */
  spares?: (damage: Damage, good: Buffer) => boolean;
}

export interface Row {
  name: string;
  path: (on: Device) => string;
  /** What it holds when the device does not have it. */
  good?: string;
  damages: (good: Buffer) => Damage[];
  /** How messages call it. */
  called: RegExp;
  /**
   * What becomes of damaged bytes: `kept` where they were or aside, `kept-in-front` of what is added, `derived` and so free to
   * go, because the same is known from elsewhere or can be had again.
   */
  bytes: 'kept' | 'kept-in-front' | 'derived';
  /** Where a bit is flipped makes no difference to it. */
  isSealed?: true;
  /** It goes with the transaction. */
  isOpen?: true;
  meetings: readonly Meeting[];
}

/** The file at a path of the device. */
export const at =
  (path: string) =>
  (on: Device): string =>
    on.root + path;

/** Recovery as it has to end, whatever else is damaged. */
export const RECOVERIES: readonly Meeting[] = [
  { program: 'recover', well: 'nothing 1.1.0' },
  { program: 'recover', phase: 'preparing', well: 'rolled-back 1.1.0' },
  { program: 'recover', phase: 'applying', well: 'rolled-back 1.1.0' },
  { program: 'recover', phase: 'applied', well: 'rolled-back 1.1.0' },
  { program: 'recover', phase: 'committed', well: 'ok 2.0.0' },
  { program: 'recover', phase: 'rolling-back', well: 'ok 1.0.0' },
];

export const STATUS: Meeting = { program: 'status', well: 'shown 1.1.0' };
export const PLAN: Meeting = { program: 'plan', well: 'shown 1.1.0' };
export const CHECK: Meeting = { program: 'check', well: 'ok 1.1.0' };
export const FETCH: Meeting = { program: 'fetch', well: 'nothing 1.1.0' };
export const APPLY: Meeting = { program: 'apply', well: 'ok 2.0.0' };
export const ROLLBACK: Meeting = { program: 'rollback', well: 'ok 1.0.0' };

export const silently = (meeting: Meeting): Meeting => ({ ...meeting, silent: true });
export const seldom = (meeting: Meeting): Meeting => ({ ...meeting, every: 32 });
