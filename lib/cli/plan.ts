/** `pikit-update plan`: what an installation would do. */
import { readPlanHere } from '../device/plan.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { planText } from './plan-text.ts';
import { sayLine } from './say.ts';

export async function planCommand(deps: CliDeps, { json }: { json: boolean }): Promise<Done> {
  const known = await readPlanHere(deps);
  if (!json) {
    if (known.plan === null) sayLine(deps.terminal, known.reason ?? '');
    else deps.terminal.out(planText(known.plan));
  }
  return { exit: EXIT.ok, json: known };
}
