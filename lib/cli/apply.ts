/** `pikit-update apply [--version V] [--replace FILE …]`: download if need be, and install. */
import { errorJson } from '../core/errors.ts';
import { seenNow } from '../device/confirm-replace.ts';
import { runUnit } from '../device/run-unit.ts';
import { failureOf } from '../device/verdict.ts';
import { assertIsThat, isOffered, wantVersion } from '../device/wanted-version.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { runAndTell } from './run-command.ts';
import { sayError, sayHint, sayItGoesOn, sayLine, sayWarning } from './say.ts';

interface Apply {
  json: boolean;
  version: string | null;
  /** Device paths of files that no release brought, and that may be replaced. */
  replace: readonly string[];
}

export async function applyCommand(deps: CliDeps, { json, version, replace }: Apply): Promise<Done> {
  if (version !== null) {
    const already = await prepareVersion(deps, json, version);
    if (already !== null) return already;
  }
  if (replace.length > 0) deps.files.writeConfirmed(seenNow(deps, replace));
  const { available } = deps.files.readState();
  if (!json && available?.outcome === 'available' && available.downgrade)
    sayWarning(deps.terminal, `${available.version} is a downgrade: ${available.reason ?? 'it is older than what is installed'}`);
  return await runAndTell(deps, {
    steps: ['fetch', 'apply'],
    json,
    what: 'the update',
    after: (receipt) => {
      if (version !== null) assertIsThat(version, deps.files.readVersion(), receipt);
      if (!json && receipt?.outcome === 'nothing') explainNothing(deps);
    },
  });
}

/** Makes sure that an apply can only mean this version. Returns what is left to say when there is nothing to be done. */
async function prepareVersion(deps: CliDeps, json: boolean, version: string): Promise<Done | null> {
  if (deps.files.readVersion() === version) {
    if (!json) sayLine(deps.terminal, `${version} is installed`);
    return { exit: EXIT.ok, json: { result: null, installed: version } };
  }
  if (!isOffered(deps.files.readState(), version)) {
    if (!json) sayLine(deps.terminal, `asking whether ${version} is there`);
    const run = await runUnit(deps, ['check'], () => undefined);
    if (run.is === 'interrupted') return { exit: sayItGoesOn(deps.terminal, 'the check'), json: { interrupted: true } };
    const failure = failureOf(run);
    if (failure !== null) {
      sayError(deps.terminal, failure);
      return { exit: exitCodeOf(failure.code), json: { result: run.receipt, error: errorJson(failure) } };
    }
  }
  if (wantVersion(deps, version).heldBefore && !json) sayLine(deps.terminal, `${version} failed here before, and is tried again`);
  return null;
}

/** Nothing newer was known; the source is not asked again while something is staged. */
function explainNothing(deps: CliDeps): void {
  const { available, staged } = deps.files.readState();
  if (available?.outcome === 'held' || staged !== null) sayHint(deps.terminal, '`pikit-update check` asks whether there is something newer');
}
