/** What an installation would do, from the last check's manifest and the live device. Changes nothing. */
import { dirname, join } from 'node:path';
import { noticeOf, withAutomatic } from '../core/offer/automatic.ts';
import { applySkip } from '../core/offer/skip-choice.ts';
import type { Config } from '../core/device/config.ts';
import { UpdateError, errnoOf, errorJson } from '../core/errors.ts';
import { foreignFiles } from '../core/offer/foreign-files.ts';
import type { Manifest } from '../core/release/manifest.ts';
import type { PlanSummary, PlannedChange } from '../core/device/plan-summary.ts';
import { sortChanges, sumRooms } from '../core/device/plan-summary.ts';
import { proxyName } from '../core/network/proxy.ts';
import type { Need } from '../core/device/disk-space.ts';
import { assertFits, blocksOf } from '../core/device/disk-space.ts';
import type { Available, State } from '../core/device/state.ts';
import { trustStanding } from '../core/trust/trust-standing.ts';
import { shareRequests } from '../io/bus/share-requests.ts';
import type { TransactionPaths } from '../transaction/transaction-paths.ts';
import { replacedPrograms } from '../transaction/plan/replaced-programs.ts';
import { shadowedCommands } from '../transaction/plan/shadowed-commands.ts';
import type { Operation } from '../transaction/types.ts';
import { readCachedManifest } from './cached-manifest.ts';
import type { ReaderDeps } from './deps.ts';
import { planReleaseHere } from './plan-change.ts';
import { withRestarts } from './plan-restarts.ts';
import { publishedHere } from './published.ts';

export interface KnownPlan {
  /** Null when nothing is known, nothing is available, or what is can be read by root or later updaters alone. */
  plan: PlanSummary | null;
  /** Why there is no plan, or why what is available is not installed automatically. */
  reason: string | null;
}

/**
 * Makes no request: as services that restart all on the list are named, as programs that nothing restarts all that are replaced. Throws RELEASE_CHANGED when the cache holds another manifest than the last check saw,
 * CONFIG_MISSING, CONFIG_INVALID.
 */
export function readPlan(deps: ReaderDeps): KnownPlan {
  const state = deps.files.readState();
  const { available, last_check: lastCheck, current, installed_branch: installedBranch, held } = state;
  if (available === null) {
    const reason = lastCheck === null ? 'nothing is known yet; run `pikit-update check`' : 'no release is available, so there is nothing to plan';
    return { plan: null, reason };
  }
  const here = { settings: deps.files.readSettings(), current: deps.files.readVersion() ?? current, installedBranch, held };
  try {
    const offered = withAutomatic(applySkip(available, here), here);
    const plan = summarize(deps, offered, unverified(state, deps.now()));
    return { plan, reason: plan.reason ?? noticeOf(offered.automatic) };
  } catch (error) {
    // A release of a later schema is not kept, as nothing here could read it; one with refused paths cannot be planned.
    const isBeyondUs = error instanceof UpdateError && (error.code === 'RELEASE_CHANGED' || error.code === 'PATH_REFUSED');
    if (isBeyondUs && available.outcome === 'incompatible') return { plan: null, reason: available.reason };
    if (errnoOf(error) !== 'EACCES') throw error;
    return { plan: null, reason: `only root can see this: ${error instanceof Error ? error.message : ''}` };
  }
}

/**
 * As readPlan, with those services only that will be restarted: an update leaves alone what is not there, or not meant to run;
 * and with those programs only that none of these runs.
 * Where systemd cannot be asked all of them are named.
 */
export async function readPlanHere(deps: ReaderDeps): Promise<KnownPlan> {
  const known = readPlan(deps);
  return known.plan === null ? known : { ...known, plan: await withRestarts(deps, known.plan) };
}

/** As readPlanHere. It reads every managed file: all who ask at once share one, and those who ask meanwhile the next. */
export function sharedPlan(deps: ReaderDeps): () => Promise<KnownPlan> {
  const shared = shareRequests(async () => {
    // Nothing else is done while it reads: those who ask with this one come first.
    await new Promise((resolve) => setImmediate(resolve));
    return await readPlanHere(deps);
  });
  return async () => await shared('plan');
}

function summarize(deps: ReaderDeps, available: Available, untrusted: PlanSummary['problem']): PlanSummary {
  const config = deps.loadConfig();
  const manifest = readCachedManifest(deps.paths.cacheDir, available);
  const { plan, complete, guessed, hiddenForeign, refusal, ours } = planReleaseHere(ownedByRoot(deps), config, manifest, available.branch, () =>
    publishedHere(deps),
  );
  const staged = deps.files.readStaged()?.manifest_sha256 === available.manifest_sha256;
  const changes = plan.ops.map(toChange);
  const { added, changed, removed } = sortChanges(changes);
  const needs = [...(staged ? [] : [stagingNeed(deps, manifest)]), ...installNeeds(deps, changes)];
  return {
    version: available.version,
    from: deps.files.readVersion(),
    branch: available.branch,
    route: available.route ?? [available.version],
    outcome: available.outcome,
    reason: available.reason,
    ...(available.signed ? { signed: available.signed } : {}),
    staged,
    proxy: staged ? null : proxyName(config),
    download_bytes: staged ? 0 : (manifest.bundle?.size ?? null),
    added,
    changed,
    removed: complete ? removed : null,
    edited: complete && !guessed ? plan.drift.filter((path) => !plan.left.includes(path)) : null,
    foreign: complete ? foreignFiles([...plan.foreign, ...hiddenForeign], config.target) : null,
    left: complete ? plan.left : null,
    conflicts: complete && !guessed ? plan.kept : null,
    shadows: shadowedCommands(ownedByRoot(deps), plan.ops, ours),
    unrestarted: replacedPrograms(plan.ops),
    unchanged: Math.max(0, manifest.files.length - added.length - changed.length),
    rooms: sumRooms(needs, deps.freeSpace),
    problem: obstacleOf(available) ?? untrusted ?? (refusal === null ? problemOf(needs, deps) : errorJson(refusal)),
    ...afterwards(config, manifest),
  };
}

/** What others may see, root installs: on a device every file is compared with what root would leave. */
function ownedByRoot({ paths, place }: ReaderDeps): TransactionPaths {
  return paths.root === '/' ? { ...place, owner: { uid: 0, gid: 0 } } : place;
}

function toChange({ path, old, new: fresh }: Operation): PlannedChange {
  return {
    path,
    old: old === null ? [] : old.type === 'file' ? [old.file] : old.files,
    new: fresh === null ? [] : fresh.type === 'file' ? [fresh.file] : fresh.files,
  };
}

/** The bundle and what it unpacks to. */
function stagingNeed(deps: ReaderDeps, manifest: Manifest): Need {
  const sizes = manifest.files.map((file) => file.size ?? 0);
  return { path: deps.paths.cacheDir, bytes: blocksOf([...sizes, manifest.bundle?.size ?? 0]), inodes: 2 * sizes.length + 4 };
}

/** New bytes beside their targets; a copy of the old ones where the backup is on another filesystem. */
function installNeeds(deps: ReaderDeps, changes: readonly PlannedChange[]): Need[] {
  const backups = deps.freeSpace(deps.paths.backupDir).device;
  const inRoot = (path: string): string => join(deps.paths.root, dirname(path));
  return changes.flatMap((change) => [
    ...change.new.map((file) => ({ path: inRoot(change.path), bytes: blocksOf([file.size]), inodes: 2 })),
    ...change.old
      .filter((file) => deps.freeSpace(inRoot(file.path)).device !== backups)
      .map((file) => ({ path: deps.paths.backupDir, bytes: blocksOf([file.size]), inodes: 1 })),
  ]);
}

/** Root verifies the signatures before it installs anything: where they are not valid now, it would refuse. */
function unverified(state: State, now: Date): PlanSummary['problem'] {
  const standing = trustStanding(state, now);
  if (standing.is === 'wrong') return standing.problem;
  if (standing.is !== 'expired') return null;
  const hint = 'nothing is installed until the source is signed anew: tell the maintainer of the releases';
  return standing.problem ?? { code: 'METADATA_EXPIRED', message: 'the signatures of the source have expired', hint };
}

/** What keeps it from being installed at all comes before what it would take. */
function obstacleOf({ outcome, reason, hint = null }: Available): PlanSummary['problem'] {
  return outcome === 'incompatible' ? { code: 'RELEASE_INCOMPATIBLE', message: reason ?? 'it cannot be installed on this device', hint } : null;
}

function problemOf(needs: readonly Need[], deps: ReaderDeps): PlanSummary['problem'] {
  try {
    assertFits(needs, deps.freeSpace);
    return null;
  } catch (error) {
    if (error instanceof UpdateError) return errorJson(error);
    throw error;
  }
}

function afterwards({ services }: Config, manifest: Manifest): Pick<PlanSummary, 'restarts' | 'commands'> {
  const units = manifest.post_install.flatMap((action) => (action.kind === 'restart' ? [action.unit] : []));
  const commands = manifest.post_install.flatMap((action) => (action.kind === 'run' ? [[action.file, ...action.args].join(' ')] : []));
  return { restarts: [...new Set([...services.restart, ...units])], commands };
}
