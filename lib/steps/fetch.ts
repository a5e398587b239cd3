/** fetch: brings a release onto the device, complete and verified, and changes nothing that is live. */
import fs from 'node:fs';
import type { Starter } from '../core/offer/decide.ts';
import { isWanted } from '../core/offer/decide.ts';
import type { ErrorCode } from '../core/errors.ts';
import { UpdateError } from '../core/errors.ts';
import type { Staged, Token } from '../core/device/state.ts';
import { writeDurable } from '../transaction/files/durable.ts';
import { downloadRelease } from './source/download-release.ts';
import type { NetworkDeps, StepResult } from './deps.ts';
import type { AskOptions, Found } from './source/offered-release.ts';
import { requestOffer } from './source/offered-release.ts';
import type { Situation } from './source/situation.ts';
import { assertClock, readSituation } from './source/situation.ts';
import type { FoundRelease } from './source/release-source.ts';
import { clockIsRight } from './source/wait-for-clock.ts';
import { dropStagingFolders, stagedFor, stagingDir, unmarkStaged } from './staging/staging.ts';
import type { RunOrder } from './wanted.ts';
import { BY_TIMER, assertWanted, dropWanted, readWanted } from './wanted.ts';

export async function fetchRelease(deps: NetworkDeps): Promise<StepResult> {
  const granted = deps.granted === undefined ? deps.files.takeToken('fetch') : deps.granted;
  const by: Starter = granted?.by === 'timer' ? 'timer' : 'owner';
  try {
    // The token of a killed run would take this run further than it was granted.
    deps.files.dropToken('apply');
    const before = readSituation(deps);
    await clockIsRight(deps, by === 'timer', () => {
      assertClock(deps.now(), deps.builtAt);
    });
    // Read once: it does not become too old while this run is at work.
    const order: RunOrder = by === 'timer' ? BY_TIMER : { by, wanted: readWanted(deps) };
    const choice = await chooseRelease(deps, before, { asking: by === 'timer' ? 'cheap' : 'now', ...order });
    if (choice.is === 'nothing') return { outcome: 'nothing', message: choice.why, branch: choice.branch };
    if (choice.is === 'staged') {
      leaveApplyToken(deps, granted);
      return { outcome: 'nothing', message: choice.message, to: choice.version, branch: choice.branch };
    }
    const { here, release } = await downloadWithFreshManifest(deps, choice, order);
    stage(deps, here, release);
    leaveApplyToken(deps, granted);
    const fetched = release.manifest.version;
    const message = `${fetched} is downloaded and verified`;
    return { outcome: 'ok', message, from: here.current, to: fetched, branch: here.branch, signed: release.signed };
  } catch (error) {
    // The installation that the owner confirmed does not take place.
    if (by === 'owner') dropWanted(deps);
    throw error;
  }
}

interface ToDownload {
  here: Situation;
  release: FoundRelease;
}

type Choice =
  | { is: 'nothing'; why: string; branch: string }
  | { is: 'staged'; version: string; message: string; branch: string }
  | ({ is: 'release' } & ToDownload);

/**
 * Asks the source, also when something is staged: it may be superseded, its branch disabled, or gone. Where the source cannot
 * be asked, what is staged and verified stands, and says so.
 */
async function chooseRelease(deps: NetworkDeps, before: Situation, how: AskOptions): Promise<Choice> {
  const { wanted } = how;
  const answer = await askAgain(deps, before, how);
  if ('staged' in answer) {
    const { version, branch, manifest_sha256: sha256 } = answer.staged;
    assertWanted(wanted, { version, sha256 }, 'that is the downloaded release');
    return { is: 'staged', version, message: answer.message, branch };
  }
  const { found } = answer;
  const { here, release, decision } = found;
  const { branch } = here;
  if (release === null || !isWanted(decision, how.by)) {
    assertWanted(wanted, null, found.message);
    if (decision.outcome === 'available') return { is: 'nothing', why: decision.automatic?.message ?? found.message, branch };
    if (decision.outcome !== 'incompatible') return { is: 'nothing', why: found.message, branch };
    const hint = decision.hint ?? 'wait for the next release; nothing was changed';
    throw new UpdateError('RELEASE_INCOMPATIBLE', found.message, { hint });
  }
  const { version } = release.manifest;
  assertWanted(wanted, { version, sha256: release.sha256 }, found.message);
  if (stagedFor(deps) === release.sha256 && fs.existsSync(`${stagingDir(deps, version)}/tree`)) {
    return { is: 'staged', version, message: `${version} is already downloaded and verified`, branch };
  }
  deps.log.info(found.message);
  return { is: 'release', here, release };
}

type Answer = { found: Found } | { staged: Staged; message: string };

async function askAgain(deps: NetworkDeps, before: Situation, how: AskOptions): Promise<Answer> {
  try {
    const found = await requestOffer(deps, before, how);
    noteAsked(deps, null);
    return { found };
  } catch (error) {
    if (!(error instanceof UpdateError) || !NOT_ASKED.has(error.code)) throw error;
    const staged = deps.files.readStaged();
    // The list of branches may have been had all the same.
    if (staged === null || staged.branch !== readSituation(deps).branch || !fs.existsSync(`${stagingDir(deps, staged.version)}/tree`)) throw error;
    noteAsked(deps, error.message);
    return {
      staged,
      // It is the result of the step and is logged as that, so not here as well.
      message: `${staged.version} is downloaded and verified; failed to ask the source whether it still offers it: ${error.message}`,
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

/** For the receipt of the installation: why the source could not be asked, or that it was asked. */
function noteAsked(deps: NetworkDeps, why: string | null): void {
  const staged = deps.files.readStaged();
  if (staged === null || (staged.not_asked ?? null) === why) return;
  const { version, branch, manifest_sha256, at } = staged;
  const noted: Staged = { version, branch, manifest_sha256, at, ...(why === null ? {} : { not_asked: why }) };
  deps.files.writeStaged(noted);
  deps.files.writeState({ ...deps.files.readState(), staged: noted });
}

/** The codes of a bundle that is not the one that the manifest describes. */
const OTHER_BUNDLE = new Set(['DIGEST_MISMATCH', 'SIZE_MISMATCH', 'NOT_FOUND', 'BUNDLE_INVALID', 'PATH_REFUSED']);

/**
 * Downloads and unpacks. When the server's bundle is not the one the manifest names, it may have been replaced since: the
 * manifest is asked for once more, and only a new one is worth a second try.
 */
async function downloadWithFreshManifest(deps: NetworkDeps, { here, release }: ToDownload, order: RunOrder): Promise<ToDownload> {
  try {
    await replaceStaging(deps, here, release);
    return { here, release };
  } catch (error) {
    if (!(error instanceof UpdateError) || !OTHER_BUNDLE.has(error.code)) throw error;
    // Safe to ignore: that the manifest cannot be had either explains nothing, the bundle's failure is the one to tell.
    const again = await requestOffer(deps, here, { asking: 'now', ...order }).catch(() => null);
    if (again === null || again.release === null || again.release.sha256 === release.sha256 || !isWanted(again.decision, order.by)) throw error;
    const { manifest, sha256 } = again.release;
    assertWanted(order.wanted, { version: manifest.version, sha256 }, again.message);
    deps.log.warning(`${error.message}; the manifest has changed, retrying with the new one`);
    await replaceStaging(deps, again.here, again.release);
    return { here: again.here, release: again.release };
  }
}

/** The mark goes before any folder does: with it there, tree and manifest are complete. */
async function replaceStaging(deps: NetworkDeps, here: Situation, release: FoundRelease): Promise<void> {
  if (stagedFor(deps) !== null) unmarkStaged(deps);
  dropStagingFolders(deps, release.manifest.version);
  await downloadRelease(deps, here.config, release);
}

/** The mark comes last. */
function stage(deps: NetworkDeps, here: Situation, release: FoundRelease): void {
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
