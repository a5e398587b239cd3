/** `pikit-update auto [off|check|download|install] [--time HH:MM]`: what happens by itself, and when. */
import { UpdateError } from '../core/errors.ts';
import type { Auto, Settings } from '../core/state.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { sayLine } from './say.ts';
import { writeSettings } from './settings.ts';
import { bothTimes } from './times.ts';

interface AutoCommand {
  json: boolean;
  auto: Auto | null;
  time: string | null;
}

const TIMER = 'pikit-update.timer';

export async function autoCommand(deps: CliDeps, { json, auto, time }: AutoCommand): Promise<Done> {
  const before = deps.files.readSettings();
  const settings = { ...before, auto: auto ?? before.auto, time: time ?? before.time };
  if (auto !== null || time !== null) await set(deps, before, settings);
  const next = settings.auto === 'off' ? null : await nextRun(deps);
  if (!json) sayLine(deps.terminal, `${describeAuto(settings)}${next === null ? '' : `; next: ${bothTimes(next, deps.now())}`}`);
  return { exit: EXIT.ok, json: { auto: settings.auto, time: settings.time, next_check: next?.toISOString() ?? null } };
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
async function set(deps: CliDeps, before: Settings, settings: Settings): Promise<void> {
  writeSettings(deps, settings, 'auto');
  try {
    await startSetter(deps, `pikit-update-auto@${settings.auto}.service`);
  } catch (error) {
    writeSettings(deps, before, 'auto');
    throw error;
  }
}

async function startSetter(deps: CliDeps, unit: string): Promise<void> {
  const units = await deps.units();
  const result = await units.start(unit);
  if (result === 'done') return;
  throw new UpdateError('STEP_FAILED', `'${unit}' ended with '${result}'; the setting is as it was`, {
    hint: `\`journalctl -u ${unit}\` shows why`,
    subject: unit,
  });
}

/** Null, too, where nobody can be asked. */
async function nextRun(deps: CliDeps): Promise<Date | null> {
  try {
    const units = await deps.units();
    return await units.nextElapse(TIMER);
  } catch (error) {
    if (error instanceof UpdateError) return null;
    throw error;
  }
}
