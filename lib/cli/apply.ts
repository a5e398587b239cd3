/** `pikit-update apply [--version V] [--replace FILE …]`: download if need be, and install, over everything that has to come first. */
import { errorJson } from '../core/errors.ts';
import type { Receipt } from '../core/device/state.ts';
import { seenNow } from '../device/confirm-replace.ts';
import { runUnit } from '../device/run-unit.ts';
import { failureOf } from '../device/verdict.ts';
import { isApplyComing } from '../device/orders.ts';
import { agree, agreeToNext, assertIsThat, withdraw } from '../device/wanted-version.ts';
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
  // What was agreed to before, and did not come to it, is not what is asked for now. That of an update on its way stays.
  if (!(await isApplyComing(deps))) withdraw(deps);
  const already = version === null ? null : await lookFor(deps, json, version);
  if (already !== null) return already;
  const confirmed = seenNow(deps, replace);
  const first = version === null ? null : (firstStep(deps, version) ?? version);
  if (!json && first !== version) sayLine(deps.terminal, `${first ?? ''} must be installed before ${version ?? ''}`);
  const { heldBefore } = agree(deps, { version: first, sha256: null, replace: confirmed });
  if (heldBefore && !json) sayLine(deps.terminal, `${first ?? ''} failed here before; retrying`);
  const { available } = deps.files.readState();
  if (!json && available?.outcome === 'available' && available.downgrade)
    sayWarning(deps.terminal, `${available.version} is a downgrade: ${available.reason ?? 'it is older than the installed release'}`);
  let wanted = first;
  for (let steps = 1; ; steps += 1) {
    const { done, receipt } = await applyOnce(deps, json, wanted);
    const follows = receipt?.outcome === 'ok' ? (receipt.follows ?? []) : [];
    const next = follows[0];
    if (done.exit !== EXIT.ok || next === undefined || deps.files.readVersion() === version || steps >= MOST_STEPS) return done;
    if (!json) sayLine(deps.terminal, `continuing with ${follows.join(', then ')}`);
    wanted = next === version ? version : null;
    // What is confirmed is confirmed for the whole way: each file as long as it has these bytes.
    agreeToNext(deps, { version: wanted, replace: confirmed });
  }
}

/** A way with more steps goes on at the next apply. */
const MOST_STEPS = 20;

async function applyOnce(deps: CliDeps, json: boolean, version: string | null): Promise<{ done: Done; receipt: Receipt | null }> {
  const ended: { receipt: Receipt | null } = { receipt: null };
  try {
    const done = await runAndTell(deps, {
      steps: ['fetch', 'apply'],
      json,
      what: 'the update',
      after: (receipt) => {
        ended.receipt = receipt;
        if (version !== null) assertIsThat(version, deps.files.readVersion(), receipt);
      },
    });
    // After a download that failed there is no apply to take it back, and fetch cannot: it is root's. A run that goes on needs it.
    if (done.exit !== EXIT.ok && done.exit !== EXIT.interrupted) withdraw(deps);
    return { done, receipt: ended.receipt };
  } catch (error) {
    // It could not be started, or its outcome is unknown.
    if (!(await isApplyComing(deps))) withdraw(deps);
    throw error;
  }
}

/** Asks the source where the version is not known to be on the way. Returns what is left to say when there is nothing to be done. */
async function lookFor(deps: CliDeps, json: boolean, version: string): Promise<Done | null> {
  if (deps.files.readVersion() === version) {
    if (!json) sayLine(deps.terminal, `${version} is installed`);
    return { exit: EXIT.ok, json: { result: null, installed: version } };
  }
  if (firstStep(deps, version) === null) {
    if (!json) sayLine(deps.terminal, `checking whether ${version} is available`);
    const run = await runUnit(deps, ['check'], () => undefined);
    if (run.is === 'interrupted') return { exit: sayItGoesOn(deps.terminal, 'the check'), json: { interrupted: true } };
    const failure = failureOf(run);
    if (failure !== null) {
      sayError(deps.terminal, failure);
      return { exit: exitCodeOf(failure.code), json: { result: run.receipt, error: errorJson(failure) } };
    }
  }
  return null;
}

/** What is on offer on the way to the version: itself, or what has to come before it. Null when it is not on the way. */
function firstStep(deps: CliDeps, version: string): string | null {
  const { available } = deps.files.readState();
  if (available === null) return null;
  return available.version === version || available.route?.includes(version) === true ? available.version : null;
}
