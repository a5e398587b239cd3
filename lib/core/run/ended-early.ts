/** The message for a step that ended without a result: killed by the kernel, by systemd or by a user. */
import { shellWord } from '../command-line/shell-word.ts';
import type { Receipt } from '../device/state.ts';

/** systemd's words for how a service ended (`Result=`, systemd.service(5)), in ours. */
const HOW: Readonly<Record<string, string>> = {
  'oom-kill': 'out of memory',
  timeout: 'time limit exceeded',
  watchdog: 'watchdog timeout',
  signal: 'killed',
  'core-dump': 'crashed',
};

export interface EndedUnit {
  result: string | null;
  exitStatus: number | null;
}

/** `out of memory`, for a result of a unit that is no exit of the program itself; null for any other. */
export function howEnded({ result, exitStatus }: EndedUnit): string | null {
  if (result === null) return null;
  // From 200 on it is systemd that could not start the program (systemd.exec(5)).
  if (result === 'exit-code' && exitStatus !== null && exitStatus >= 200) return `systemd failed to start it: exit code ${String(exitStatus)}`;
  return Object.hasOwn(HOW, result) ? (HOW[result] ?? null) : null;
}

/** A step that another one kept waiting for too long (EX_TEMPFAIL). */
const BUSY_EXIT = 75;

/** Whether a start that is over ended in a way in which a step writes nothing down. */
export function hasSaidNothing(unit: EndedUnit): boolean {
  return howEnded(unit) !== null || isBusy(unit) || isRefused(unit);
}

/** systemd did not even start it: it had been started too often (StartLimitBurst=). */
function isRefused({ result }: EndedUnit): boolean {
  return result === 'start-limit-hit';
}

export function isBusy({ result, exitStatus }: EndedUnit): boolean {
  return result === 'exit-code' && exitStatus === BUSY_EXIT;
}

/** As in a receipt: what happened to the last run of a step that wrote nothing down, as far as its unit tells. */
export function endedEarly(step: Receipt['step'], unit: EndedUnit | null): { code: string; message: string; hint: string } {
  const name = `pikit-update-${step}.service`;
  const look = `\`journalctl -u ${shellWord(name)}\` shows what it wrote`;
  if (unit !== null && isBusy(unit)) {
    return {
      code: 'BUSY',
      message: `the last ${step} gave up waiting: another update step was running`,
      hint: 'try it again; `pikit-update status` shows what runs',
    };
  }
  if (unit !== null && isRefused(unit)) {
    return { code: 'STEP_FAILED', message: `the last ${step} did not start: it was started too often`, hint: 'wait a minute, then try again' };
  }
  return {
    code: 'STEP_FAILED',
    message: `the last ${step} ${fate(unit)}`,
    hint: unit?.result === 'oom-kill' ? `${look}; its limit is MemoryMax= of '${name}'` : look,
  };
}

function fate(unit: EndedUnit | null): string {
  const how = unit === null ? null : howEnded(unit);
  if (how !== null) return `failed (${how})`;
  if (unit?.result === 'exit-code' && unit.exitStatus !== null) return `exited with code ${String(unit.exitStatus)} and no result`;
  if (unit === null || unit.result === null || unit.result === 'success') return 'ended without a result';
  return `failed (${unit.result})`;
}
