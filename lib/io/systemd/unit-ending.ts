/** How the last run of a unit ended, for a step that comes after one that could not say it itself. */
import type { EndedUnit } from '../../core/run/ended-early.ts';
import { connectSystemd } from '../bus/systemd.ts';

/** The step that asks has the lock, and others wait for it. */
const CALL_TIMEOUT_MS = 2000;

export interface UnitEnding extends EndedUnit {
  /** Of that run. */
  invocation: string | null;
}

/** Null where systemd cannot be asked, or does not answer at once: a receipt without the reason is still a receipt. */
export async function unitEnding(unit: string): Promise<UnitEnding | null> {
  try {
    const systemd = await connectSystemd({ callTimeoutMs: CALL_TIMEOUT_MS });
    try {
      const { result, exitStatus, invocation } = await systemd.unit(unit);
      return { result, exitStatus, invocation };
    } finally {
      systemd.close();
    }
  } catch {
    return null;
  }
}
