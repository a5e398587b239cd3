/** `pikit-update auto [off|check|download|install] [--time HH:MM]` */
import type { Auto } from '../core/device/state.ts';
import { describeAuto, readAuto, setAuto } from '../device/auto.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { sayLine, sayWarning } from './say.ts';
import { bothTimes } from './times.ts';

interface AutoCommand {
  json: boolean;
  auto: Auto | null;
  time: string | null;
}

export async function autoCommand(deps: CliDeps, { json, auto, time }: AutoCommand): Promise<Done> {
  if (auto !== null || time !== null) await setAuto(deps, { auto, time });
  const state = await readAuto(deps);
  if (!json) sayLine(deps.terminal, `${describeAuto(state)}${state.next === null ? '' : `; next: ${bothTimes(state.next, deps.now())}`}`);
  if (!json && auto === 'install' && deps.files.readState().unsigned)
    sayWarning(
      deps.terminal,
      'releases are not signed on this device: whatever the source offers is installed; `pikit-update trust` tells how to change that',
    );
  return { exit: EXIT.ok, json: { auto: state.auto, time: state.time, next_check: state.next?.toISOString() ?? null } };
}
