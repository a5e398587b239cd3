/** A unit that is made over the bus and is gone when it has ended (StartTransientUnit; org.freedesktop.systemd1(5)). */
import { variant } from './bus.ts';

/** One setting with its D-Bus signature. A list may be given more than once: each adds to what was there. */
export interface UnitSetting {
  name: string;
  signature: string;
  value: unknown;
}

/** The signature of the call that starts such a unit. */
export const START_TRANSIENT = 'ssa(sv)a(sa(sv))';

/** What the call is given: refused where a unit of this name is there, replacing a queued job of it otherwise. */
export function transientBody(name: string, settings: readonly UnitSetting[]): unknown[] {
  return [name, 'replace', settings.map((setting) => [setting.name, variant(setting.signature, setting.value)]), []];
}
