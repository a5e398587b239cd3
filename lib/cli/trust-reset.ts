/** `pikit-update trust reset`: for the worst day, when all keys are lost or what was verified is damaged. */
import { assertMayTrust } from '../device/trust-place.ts';
import { resetTrust, trustLeft } from '../device/trust-reset.ts';
import { agreedTo } from './ask.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { sayHint, sayLine, sayWarning } from './say.ts';

const QUESTION =
  'Remove the trusted root, and all that this device has verified by it? It verifies no signatures then, and takes what the source offers.';

export async function trustResetCommand(deps: CliDeps, { json, yes }: { json: boolean; yes: boolean }): Promise<Done> {
  const { terminal, files } = deps;
  assertMayTrust(deps.paths, 'reset');
  const removed = trustLeft(deps);
  if (removed.length === 0) {
    if (!json) sayLine(terminal, 'this device trusts no root: there is nothing to remove');
    return { exit: EXIT.ok, json: { changed: false } };
  }
  if (!(await agreedTo(deps, { question: QUESTION, yes, json, way: 'add --yes' }))) return { exit: EXIT.failed, json: null };
  await resetTrust(deps, (text) => {
    if (!json) sayLine(terminal, text);
  });
  if (!json) {
    sayLine(terminal, 'this device trusts no root any more, and verifies no signatures');
    if (files.readSettings().auto === 'install')
      sayWarning(terminal, 'the timer installs what the source offers; `pikit-update auto check` stops that until you trust a root again');
    sayHint(terminal, '`pikit-update trust FILE` trusts a root again');
  }
  return { exit: EXIT.ok, json: { changed: true } };
}
