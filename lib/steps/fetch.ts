/** fetch: brings a release onto the device, complete and verified, and changes nothing that is live. */
import fs from 'node:fs';
import type { Decision } from '../core/decide.ts';
import type { ErrorCode } from '../core/errors.ts';
import { UpdateError } from '../core/errors.ts';
import { describeDowngradeLeft } from '../core/offer.ts';
import type { Staged, Token } from '../core/state.ts';
import { writeDurable } from '../transaction/durable.ts';
import { bring } from './bring.ts';
import type { Ask, Found } from './check.ts';
import { lookForRelease } from './check.ts';
import type { NetworkDeps, StepResult } from './deps.ts';
import type { Situation } from './look.ts';
import { assertClock, survey } from './look.ts';
import type { Release } from './release-source.ts';
import { dropStagingFolders, stagedFor, stagingDir, unmarkStaged } from './staging.ts';
import { assertWanted, dropWanted, readWanted } from './wanted.ts';

export async function fetchRelease(deps: NetworkDeps): Promise<StepResult> {
  const granted = deps.granted === undefined ? deps.files.takeToken('fetch') : deps.granted;
  // What a run left that was killed would take this one further than it was granted.
  deps.files.dropToken('apply');
  const here = survey(deps);
  assertClock(deps.now());
  const byHand = granted?.by !== 'timer';
  try {
    const choice = await chooseRelease(deps, here, byHand ? { asking: 'now', byHand } : { asking: 'cheap', byHand });
    if (choice.is === 'nothing') return { outcome: 'nothing', message: choice.why, branch: here.branch };
    if (choice.is === 'staged') {
      leaveApplyToken(deps, granted);
      return { outcome: 'nothing', message: choice.message, to: choice.version, branch: here.branch };
    }
    const release = await bringOnce(deps, here, choice.release, byHand);
    stage(deps, here, release);
    leaveApplyToken(deps, granted);
    const fetched = release.manifest.version;
    return { outcome: 'ok', message: `${fetched} is downloaded and verified`, from: here.current, to: fetched, branch: here.branch };
  } catch (error) {
    // The installation that the owner agreed to does not come.
    if (byHand) dropWanted(deps);
    throw error;
  }
}

type Choice =
  | { is: 'nothing'; why: string }
  | { is: 'staged'; version: string; message: string }
  /** To be brought. */
  | { is: 'release'; release: Release };

/**
 * Asks the source, also when something is staged: it may be superseded, its branch disabled, or gone. Where the source cannot
 * be asked, what is staged and verified stands, and says so.
 */
async function chooseRelease(deps: NetworkDeps, here: Situation, how: Ask): Promise<Choice> {
  const wanted = how.byHand ? readWanted(deps) : null;
  const answer = await askAgain(deps, here, how);
  if ('staged' in answer) {
    assertWanted(wanted, { version: answer.staged.version, sha256: answer.staged.manifest_sha256 }, `it is what is downloaded`);
    return { is: 'staged', version: answer.staged.version, message: answer.message };
  }
  const { found } = answer;
  const { release, decision } = found;
  if (release === null || !isWanted(decision, how.byHand)) {
    assertWanted(wanted, null, found.message);
    if (decision.outcome === 'available') return { is: 'nothing', why: describeDowngradeLeft(found.version ?? '', here.current) };
    if (decision.outcome !== 'incompatible') return { is: 'nothing', why: found.message };
    const hint = decision.hint ?? 'wait for the next release; nothing was changed';
    throw new UpdateError('RELEASE_INCOMPATIBLE', found.message, { hint });
  }
  const { version } = release.manifest;
  assertWanted(wanted, { version, sha256: release.sha256 }, found.message);
  if (stagedFor(deps) === release.sha256 && fs.existsSync(`${stagingDir(deps, version)}/tree`)) {
    return { is: 'staged', version, message: `${version} is already downloaded and verified` };
  }
  deps.narrate.info(found.message);
  return { is: 'release', release };
}

type Answer = { found: Found } | { staged: Staged; message: string };

async function askAgain(deps: NetworkDeps, here: Situation, how: Ask): Promise<Answer> {
  try {
    const found = await lookForRelease(deps, here, how);
    noteAsked(deps, null);
    return { found };
  } catch (error) {
    if (!(error instanceof UpdateError) || !NOT_ASKED.has(error.code)) throw error;
    const staged = deps.files.readStaged();
    if (staged === null || staged.branch !== here.branch || !fs.existsSync(`${stagingDir(deps, staged.version)}/tree`)) throw error;
    noteAsked(deps, error.message);
    return {
      staged,
      // What the step came to, and told as that: not here as well.
      message: `${staged.version} is downloaded and verified; the source could not be asked whether it still offers it: ${error.message}`,
    };
  }
}

/**
 * The source did not say anything, not even that it has nothing: it was not there, or something else answered in its place (a
 * proxy, or the login page of a network: by a page, by a redirect into the private network, by what is no HTTP).
 */
const NOT_ASKED = new Set<ErrorCode>([
  'OFFLINE',
  'SERVER_UNREACHABLE',
  'SERVER_ERROR',
  'TLS_FAILED',
  'TOO_SLOW',
  'DEADLINE',
  'CAPTIVE_PORTAL',
  'REDIRECT_REFUSED',
  'HTTP_PROTOCOL',
  'PROXY_UNREACHABLE',
  'PROXY_LOGIN',
  'PROXY_REFUSED',
]);

/** For the receipt of the installation: why nobody could be asked, or that somebody was. */
function noteAsked(deps: NetworkDeps, why: string | null): void {
  const staged = deps.files.readStaged();
  if (staged === null || (staged.not_asked ?? null) === why) return;
  const { version, branch, manifest_sha256, at } = staged;
  const noted: Staged = { version, branch, manifest_sha256, at, ...(why === null ? {} : { not_asked: why }) };
  deps.files.writeStaged(noted);
  deps.files.writeState({ ...deps.files.readState(), staged: noted });
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
    const again = await lookForRelease(deps, here, { asking: 'now', byHand }).catch(() => null);
    if (again === null || again.release === null || again.release.sha256 === release.sha256 || !isWanted(again.decision, byHand)) throw error;
    const { manifest, sha256 } = again.release;
    assertWanted(byHand ? readWanted(deps) : null, { version: manifest.version, sha256 }, again.message);
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
