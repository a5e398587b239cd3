/** fetch: brings a release onto the device, complete and verified, and changes nothing that is live. */
import fs from 'node:fs';
import type { Decision } from '../core/decide.ts';
import { UpdateError } from '../core/errors.ts';
import { describeDowngradeLeft } from '../core/offer.ts';
import type { Token } from '../core/state.ts';
import { writeDurable } from '../transaction/durable.ts';
import { bring } from './bring.ts';
import { lookForRelease } from './check.ts';
import type { NetworkDeps, StepResult } from './deps.ts';
import type { Situation } from './look.ts';
import { assertClock, survey, weigh } from './look.ts';
import type { Release } from './release-source.ts';
import { cachedRelease } from './release-source.ts';
import { dropStagingFolders, stagedFor, stagingDir, unmarkStaged } from './staging.ts';

export async function fetchRelease(deps: NetworkDeps): Promise<StepResult> {
  const granted = deps.files.takeToken('fetch');
  // What a run left that was killed would take this one further than it was granted.
  deps.files.dropToken('apply');
  const here = survey(deps);
  assertClock(deps.now());
  const byHand = granted?.by !== 'timer';
  const choice = await chooseRelease(deps, here, byHand);
  if (typeof choice === 'string') return { outcome: 'nothing', message: choice, branch: here.branch };
  const { version } = choice.manifest;
  if (stagedFor(deps) === choice.sha256 && fs.existsSync(`${stagingDir(deps, version)}/tree`)) {
    leaveApplyToken(deps, granted);
    return { outcome: 'nothing', message: `${version} is already downloaded and verified`, to: version, branch: here.branch };
  }
  const release = await bringOnce(deps, here, choice, byHand);
  stage(deps, here, release);
  leaveApplyToken(deps, granted);
  const fetched = release.manifest.version;
  return { outcome: 'ok', message: `${fetched} is downloaded and verified`, from: here.current, to: fetched, branch: here.branch };
}

/** What was found at the last check if it can be installed; otherwise the source is asked again. A text says why there is none. */
async function chooseRelease(deps: NetworkDeps, here: Situation, byHand: boolean): Promise<Release | string> {
  const cached = here.state.available?.branch === here.branch ? cachedRelease(deps, here.config, here.branch) : null;
  if (cached !== null && isWanted(weigh(deps, here, cached, byHand), byHand)) return cached;
  const found = await lookForRelease(deps, here, byHand);
  if (found.decision.outcome === 'available') deps.narrate.info(found.message);
  if (isWanted(found.decision, byHand) && found.release !== null) return found.release;
  if (found.decision.outcome === 'available') return describeDowngradeLeft(found.version ?? '', here.current);
  if (found.decision.outcome === 'incompatible') {
    throw new UpdateError('RELEASE_INCOMPATIBLE', found.message, { hint: found.decision.hint ?? 'wait for the next release; nothing was changed' });
  }
  return found.message;
}

/** Going back is the owner's own act, never the timer's. */
function isWanted(decision: Decision, byHand: boolean): boolean {
  return decision.outcome === 'available' && (byHand || !decision.downgrade);
}

/** What a bundle fails with that is not the one that the manifest means. */
const OTHER_BUNDLE = new Set(['DIGEST_MISMATCH', 'SIZE_MISMATCH', 'NOT_FOUND', 'BUNDLE_INVALID', 'PATH_REFUSED']);

/**
 * Downloads and unpacks. When the server's bundle is not the one the manifest names, it may have been replaced since: the
 * manifest is asked for once more, and only a new one is worth a second try.
 */
async function bringOnce(deps: NetworkDeps, here: Situation, release: Release, byHand: boolean): Promise<Release> {
  try {
    await bringAlone(deps, here, release);
    return release;
  } catch (error) {
    if (!(error instanceof UpdateError) || !OTHER_BUNDLE.has(error.code)) throw error;
    // Safe to ignore: that the manifest cannot be had either explains nothing, the bundle's failure is the one to tell.
    const again = await lookForRelease(deps, here, byHand).catch(() => null);
    if (again === null || again.release === null || again.release.sha256 === release.sha256 || !isWanted(again.decision, byHand)) throw error;
    deps.narrate.warning(`${error.message}; the manifest has changed since, trying with the new one`);
    await bringAlone(deps, here, again.release);
    return again.release;
  }
}

/** The mark goes before any folder does: with it there, tree and manifest are complete. */
async function bringAlone(deps: NetworkDeps, here: Situation, release: Release): Promise<void> {
  if (stagedFor(deps) !== null) unmarkStaged(deps);
  dropStagingFolders(deps, release.manifest.version);
  await bring(deps, here.config, release);
}

/** The mark comes last. */
function stage(deps: NetworkDeps, here: Situation, release: Release): void {
  const { version } = release.manifest;
  const staged = { version, branch: here.branch, manifest_sha256: release.sha256, at: deps.now().toISOString() };
  writeDurable(`${stagingDir(deps, version)}/manifest.json`, release.bytes, { mode: 0o644 });
  deps.files.writeStaged(staged);
  deps.files.writeState({ ...here.state, staged });
}

/** Only a run that was granted further than fetch goes on to apply. */
function leaveApplyToken(deps: NetworkDeps, granted: Token | null): void {
  if (granted?.until === 'apply') deps.files.leaveToken('apply', granted);
}
