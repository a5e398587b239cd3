/** What happens by itself, and when: the owner's choice, and the timer that follows it. */
import { UpdateError } from '../core/errors.ts';
import type { Auto, Settings } from '../core/state.ts';
import { shellWord } from '../core/shell-word.ts';
import type { DeviceDeps } from './deps.ts';
import { writeSettings } from './settings.ts';

const TIMER = 'pikit-update.timer';

export interface AutoState {
  auto: Auto;
  time: string;
  /** When the timer elapses next; null when it does not, and where nobody can be asked. */
  next: Date | null;
}

export async function readAuto(deps: DeviceDeps): Promise<AutoState> {
  const { auto, time } = deps.files.readSettings();
  return { auto, time, next: auto === 'off' ? null : await nextRun(deps) };
}

/**
 * Writes the choice down and starts the unit that sets the timer by it; null leaves that part as it is. When the unit fails,
 * the settings are as they were. Throws STEP_FAILED then, PERMISSION for whoever may not choose.
 */
export async function setAuto(deps: DeviceDeps, wish: { auto: Auto | null; time: string | null }): Promise<void> {
  const before = deps.files.readSettings();
  await set(deps, before, { ...before, auto: wish.auto ?? before.auto, time: wish.time ?? before.time });
}

export function describeAuto({ auto, time }: Pick<Settings, 'auto' | 'time'>): string {
  switch (auto) {
    case 'off':
      return 'nothing happens by itself';
    case 'check':
      return `a check every day about ${time}; installing is left to you`;
    case 'download':
      return `a check every day about ${time}, and a download; installing is left to you`;
    case 'install':
      return `a check every day about ${time}, and what is found is installed`;
    default:
      return auto satisfies never;
  }
}

/** The unit takes the choice from the settings; when it fails they are as before. */
async function set(deps: DeviceDeps, before: Settings, settings: Settings): Promise<void> {
  writeSettings(deps, settings, 'auto');
  try {
    await startSetter(deps, `pikit-update-auto@${settings.auto}.service`);
  } catch (error) {
    // Another choice may have been written while the unit was at work: that one stays.
    const now = deps.files.readSettings();
    if (now.auto === settings.auto && now.time === settings.time) writeSettings(deps, { ...now, auto: before.auto, time: before.time }, 'auto');
    throw error;
  }
}

async function startSetter(deps: DeviceDeps, unit: string): Promise<void> {
  const units = await deps.units();
  const result = await units.start(unit);
  if (result === 'done') return;
  throw new UpdateError('STEP_FAILED', `'${unit}' ended with '${result}'; the setting is as it was`, {
    hint: `\`journalctl -u ${shellWord(unit)}\` shows why`,
    subject: unit,
  });
}

/** Null, too, where nobody can be asked. */
async function nextRun(deps: DeviceDeps): Promise<Date | null> {
  try {
    const units = await deps.units();
    return await units.nextElapse(TIMER);
  } catch (error) {
    if (error instanceof UpdateError) return null;
    throw error;
  }
}
