/** `pikit-update cancel` */
import { cancelRun } from '../device/cancel.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { sayLine } from './say.ts';

export async function cancelCommand(deps: CliDeps, { json }: { json: boolean }): Promise<Done> {
  const cancelled = await cancelRun(deps, (text) => {
    if (!json) sayLine(deps.terminal, text);
  });
  return { exit: EXIT.ok, json: cancelled.length === 0 ? { cancelled } : { cancelled, result: deps.files.readState().last_result } };
}
