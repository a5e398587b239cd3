/** What happens automatically, and when: the owner's choice, and the timer that follows it. */
import { UpdateError } from '../core/errors.ts';
import type { Auto, Settings } from '../core/device/state.ts';
import { shellWord } from '../core/command-line/shell-word.ts';
import type { ReaderDeps } from './deps.ts';
import { changeSettings } from './settings.ts';

const TIMER = 'pikit-update.timer';

export interface AutoState {
  auto: Auto;
  time: string;
  /** When the timer elapses next; null when it does not, or when systemd cannot be asked. */
  next: Date | null;
}

export async function readAuto(deps: ReaderDeps): Promise<AutoState> {
  const { auto, time } = deps.files.readSettings();
  return { auto, time, next: auto === 'off' ? null : await nextRun(deps) };
}

/**
 * Writes the choice down and starts the unit that sets the timer by it; null leaves that part as it is. When the unit fails,
 * the settings are as they were. Throws STEP_FAILED then, PERMISSION for a user who may not choose.
 */
export async function setAuto(deps: ReaderDeps, wish: { auto: Auto | null; time: string | null }): Promise<void> {
  const { before, after } = await changeSettings(deps, (now) => ({ ...now, auto: wish.auto ?? now.auto, time: wish.time ?? now.time }), 'auto');
  try {
    // It takes the choice from the settings.
    await startSetter(deps, `pikit-update-auto@${after.auto}.service`);
  } catch (error) {
    // Another choice may have been written while the unit was at work: that one stays.
    const isOurs = (now: Settings): boolean => now.auto === after.auto && now.time === after.time;
    await changeSettings(deps, (now) => (isOurs(now) ? { ...now, auto: before.auto, time: before.time } : now), 'auto');
    throw error;
  }
}

export function describeAuto({ auto, time }: Pick<Settings, 'auto' | 'time'>): string {
  switch (auto) {
    case 'off':
      return 'off; you check and install';
    case 'check':
      return `checks daily at about ${time}; you install`;
    case 'download':
      return `checks and downloads daily at about ${time}; you install`;
    case 'install':
      return `checks daily at about ${time} and installs new releases`;
    default:
      return auto satisfies never;
  }
}

async function startSetter(deps: ReaderDeps, unit: string): Promise<void> {
  const units = await deps.units();
  const result = await units.start(unit);
  if (result === 'done') return;
  throw new UpdateError('STEP_FAILED', `'${unit}' ended with '${result}'; the setting was not changed`, {
    hint: `\`journalctl -u ${shellWord(unit)}\` shows why`,
    subject: unit,
  });
}

/** Null, too, when systemd cannot be asked. */
async function nextRun(deps: ReaderDeps): Promise<Date | null> {
  try {
    const units = await deps.units();
    return await units.nextElapse(TIMER);
  } catch (error) {
    if (error instanceof UpdateError) return null;
    throw error;
  }
}
