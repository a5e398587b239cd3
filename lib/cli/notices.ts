/** `pikit-update branch --dismiss [ID]` */
import { dismissNotices } from '../device/notices.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { sayLine } from './say.ts';
import { table } from './table.ts';

export async function dismissCommand(deps: CliDeps, { json, id }: { json: boolean; id: string | null }): Promise<Done> {
  const dismissed = await dismissNotices(deps, id);
  if (!json) {
    if (dismissed.length === 0) sayLine(deps.terminal, 'there are no notices');
    else deps.terminal.out(table(dismissed.map(({ message }) => ['dismissed', message])));
  }
  return { exit: EXIT.ok, json: { dismissed } };
}
