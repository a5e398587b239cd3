/** `pikit-update trust [FILE|show|reset]`: whose releases this device installs. */
import type { TrustWish } from './arguments.ts';
import type { CliDeps, Done } from './deps.ts';
import { trustResetCommand } from './trust-reset.ts';
import { trustSetCommand } from './trust-set.ts';
import { trustShowCommand } from './trust-show.ts';

export async function trustCommand(deps: CliDeps, { json, wanted }: { json: boolean; wanted: TrustWish }): Promise<Done> {
  switch (wanted.is) {
    case 'show':
      return trustShowCommand(deps, json);
    case 'reset':
      return await trustResetCommand(deps, { json, yes: wanted.yes });
    case 'set':
      return await trustSetCommand(deps, { json, ...wanted });
    default:
      return wanted satisfies never;
  }
}
