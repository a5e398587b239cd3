/** `pikit-update plan`: what an installation would do. */
import { readPlanHere } from '../device/plan.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { planText } from './plan-text.ts';

export async function planCommand(deps: CliDeps, { json }: { json: boolean }): Promise<Done> {
  const known = await readPlanHere(deps);
  if (!json) deps.terminal.out(known.plan === null ? `${known.reason ?? ''}\n` : planText(known.plan));
  return { exit: EXIT.ok, json: known };
}
