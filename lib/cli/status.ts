/** `pikit-update status` */
import { readStatus } from '../device/status.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { statusText } from './status-text.ts';

export async function statusCommand(deps: CliDeps, { json }: { json: boolean }): Promise<Done> {
  const status = await readStatus(deps);
  if (!json) deps.terminal.out(statusText(status, deps.now()));
  return { exit: EXIT.ok, json: status };
}
