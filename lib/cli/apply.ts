/** `pikit-update apply [--version V] [--replace FILE …]`: download if need be, and install, over everything that has to come first. */
import { errorJson } from '../core/errors.ts';
import type { Receipt } from '../core/state.ts';
import { seenNow } from '../device/confirm-replace.ts';
import { runUnit } from '../device/run-unit.ts';
import { failureOf } from '../device/verdict.ts';
import { assertIsThat, wantVersion, withdraw } from '../device/wanted-version.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { runAndTell } from './run-command.ts';
import { sayError, sayItGoesOn, sayLine, sayWarning } from './say.ts';

interface Apply {
  json: boolean;
  version: string | null;
  /** Device paths of files that no release brought, and that may be replaced. */
  replace: readonly string[];
}

export async function applyCommand(deps: CliDeps, { json, version, replace }: Apply): Promise<Done> {
  // What was agreed to before, and did not come to it, is not what is asked for now.
  deps.files.dropWanted();
  if (version !== null) {
    const already = await prepareVersion(deps, json, version);
    if (already !== null) return already;
  }
  if (replace.length > 0) deps.files.writeConfirmed(seenNow(deps, replace));
  const { available } = deps.files.readState();
  if (!json && available?.outcome === 'available' && available.downgrade)
    sayWarning(deps.terminal, `${available.version} is a downgrade: ${available.reason ?? 'it is older than what is installed'}`);
  let wanted = version === null ? null : (available?.version ?? version);
  for (let steps = 1; ; steps += 1) {
    const { done, receipt } = await applyOnce(deps, json, wanted);
    const follows = receipt?.outcome === 'ok' ? (receipt.follows ?? []) : [];
    const next = follows[0];
    if (done.exit !== EXIT.ok || next === undefined || deps.files.readVersion() === version || steps >= MOST_STEPS) return done;
    if (!json) sayLine(deps.terminal, `going on to ${follows.join(', then ')}`);
    wanted = next === version ? version : null;
    if (wanted !== null) deps.files.writeWanted({ version: wanted, manifest_sha256: null, at: deps.now().toISOString() });
  }
}

/** A way with more steps goes on at the next apply. */
const MOST_STEPS = 20;

async function applyOnce(deps: CliDeps, json: boolean, version: string | null): Promise<{ done: Done; receipt: Receipt | null }> {
  const ended: { receipt: Receipt | null } = { receipt: null };
  const done = await runAndTell(deps, {
    steps: ['fetch', 'apply'],
    json,
    what: 'the update',
    after: (receipt) => {
      ended.receipt = receipt;
      if (version !== null) assertIsThat(version, deps.files.readVersion(), receipt);
    },
  });
  // After a download that failed there is no apply to take it back, and fetch cannot: it is root's.
  if (done.exit === EXIT.failed) withdraw(deps);
  return { done, receipt: ended.receipt };
}

/** Makes sure that an apply can only mean this version. Returns what is left to say when there is nothing to be done. */
async function prepareVersion(deps: CliDeps, json: boolean, version: string): Promise<Done | null> {
  if (deps.files.readVersion() === version) {
    if (!json) sayLine(deps.terminal, `${version} is installed`);
    return { exit: EXIT.ok, json: { result: null, installed: version } };
  }
  if (firstStep(deps, version) === null) {
    if (!json) sayLine(deps.terminal, `asking whether ${version} is there`);
    const run = await runUnit(deps, ['check'], () => undefined);
    if (run.is === 'interrupted') return { exit: sayItGoesOn(deps.terminal, 'the check'), json: { interrupted: true } };
    const failure = failureOf(run);
    if (failure !== null) {
      sayError(deps.terminal, failure);
      return { exit: exitCodeOf(failure.code), json: { result: run.receipt, error: errorJson(failure) } };
    }
  }
  const first = firstStep(deps, version) ?? version;
  if (!json && first !== version) sayLine(deps.terminal, `${first} comes before ${version}`);
  if (wantVersion(deps, first).heldBefore && !json) sayLine(deps.terminal, `${version} failed here before, and is tried again`);
  return null;
}

/** What is on offer on the way to the version: itself, or what has to come before it. Null when it is not on the way. */
function firstStep(deps: CliDeps, version: string): string | null {
  const { available } = deps.files.readState();
  if (available === null) return null;
  return available.version === version || available.route?.includes(version) === true ? available.version : null;
}
