/** `pikit-update apply [--version V]`: download if need be, and install. */
import { isHeld } from '../core/decide.ts';
import { UpdateError } from '../core/errors.ts';
import type { Receipt, State } from '../core/state.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { noView } from './progress-view.ts';
import { runAndTell } from './run-command.ts';
import { runUnit, sayItGoesOn } from './run-unit.ts';
import { errorJson, sayError, sayHint, sayLine, sayWarning } from './say.ts';
import { failureOf } from './verdict.ts';

interface Apply {
  json: boolean;
  version: string | null;
}

export async function applyCommand(deps: CliDeps, { json, version }: Apply): Promise<Done> {
  if (version !== null) {
    const already = await prepareVersion(deps, json, version);
    if (already !== null) return already;
  }
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
    const run = await runUnit(deps, ['check'], noView());
    if (run.is === 'interrupted') return { exit: sayItGoesOn(deps, 'the check'), json: { interrupted: true } };
    const failure = failureOf(run);
    if (failure !== null) {
      sayError(deps.terminal, failure);
      return { exit: exitCodeOf(failure.code), json: { result: run.receipt, error: errorJson(failure) } };
    }
  }
  const state = deps.files.readState();
  if (!isOffered(state, version)) throw notOffered(state, version);
  if (state.available?.outcome === 'held' || state.held.some((entry) => entry.version === version && isHeld(entry))) {
    deps.files.writeRetry(version);
    if (!json) sayLine(deps.terminal, `${version} failed here before, and is tried again`);
  }
  return null;
}

/** An apply takes what is staged before it looks at anything else. */
function isOffered({ available, staged }: State, version: string): boolean {
  return available?.version === version && (staged === null || staged.version === version);
}

function notOffered({ available, branch, latest }: State, version: string): UpdateError {
  const offer = available?.version ?? null;
  const offered = offer === null ? `nothing that is newer${latest === null ? '' : ` (its latest is ${latest})`}` : offer;
  return new UpdateError('NOT_FOUND', `${version} is not on offer: the branch '${branch}' offers ${offered}`, {
    hint: `${offer === null ? '' : `\`pikit-update apply\` installs ${offer}; `}\`pikit-update rollback\` goes back to the release before`,
  });
}

/** Between our look and the run's own, the branch may have moved on. */
function assertIsThat(wanted: string, installed: string | null, receipt: Receipt | null): void {
  if (installed === wanted || receipt?.outcome !== 'ok') return;
  throw new UpdateError('RELEASE_CHANGED', `${installed ?? 'nothing'} was installed, and not ${wanted}: the branch has changed in between`, {
    hint: '`pikit-update rollback` goes back to the release before',
  });
}

/** Nothing newer was known; the source is not asked again while something is staged. */
function explainNothing(deps: CliDeps): void {
  const { available, staged } = deps.files.readState();
  if (available?.outcome === 'held' || staged !== null) sayHint(deps.terminal, '`pikit-update check` asks whether there is something newer');
}
