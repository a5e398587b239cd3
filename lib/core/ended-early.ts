/** What to tell of a step that was ended before it could say what it came to: by the kernel, by systemd, by someone. */
import { shellWord } from './shell-word.ts';
import type { Receipt } from './state.ts';

/** systemd's words for how a service ended (`Result=`, systemd.service(5)), in ours. */
const HOW: Readonly<Record<string, string>> = {
  'oom-kill': 'out of memory',
  timeout: 'it took longer than it may',
  watchdog: 'it gave no sign of life',
  signal: 'it was killed',
  'core-dump': 'it crashed',
};

export interface EndedUnit {
  result: string | null;
  exitStatus: number | null;
}

/** `out of memory`, for a result of a unit that is no exit of the program itself; null for any other. */
export function howEnded({ result, exitStatus }: EndedUnit): string | null {
  if (result === null) return null;
  // From 200 on it is systemd that could not start the program (systemd.exec(5)).
  if (result === 'exit-code' && exitStatus !== null && exitStatus >= 200) return `systemd could not start it (${String(exitStatus)})`;
  return Object.hasOwn(HOW, result) ? (HOW[result] ?? null) : null;
}

/** As in a receipt: what happened to the last run of a step that wrote nothing down, as far as its unit tells. */
export function endedEarly(step: Receipt['step'], unit: EndedUnit | null): { code: string; message: string; hint: string } {
  const name = `pikit-update-${step}.service`;
  const look = `\`journalctl -u ${shellWord(name)}\` shows what it wrote`;
  return {
    code: 'STEP_FAILED',
    message: `the last ${step} ${fate(unit)}`,
    hint: unit?.result === 'oom-kill' ? `${look}; its limit is MemoryMax= of '${name}'` : look,
  };
}

function fate(unit: EndedUnit | null): string {
  const how = unit === null ? null : howEnded(unit);
  if (how !== null) return `was ended: ${how}`;
  if (unit?.result === 'exit-code' && unit.exitStatus !== null) return `ended with ${String(unit.exitStatus)} before it could say what it came to`;
  if (unit === null || unit.result === null || unit.result === 'success') return 'was ended before it could say what it came to';
  return `failed (${unit.result})`;
}
