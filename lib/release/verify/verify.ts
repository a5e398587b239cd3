/** Checks a whole site, and lists everything that is wrong with it: one run tells all there is to repair. */
import fs from 'node:fs';
import { join } from 'node:path';
import type { Branch } from '../../core/release/branches.ts';
import { STABLE, parseBranches } from '../../core/release/branches.ts';
import { BRANCHES_NAME, manifestName } from '../../core/release/site-layout.ts';
import { UpdateError } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { bundleName } from '../../core/release/manifest.ts';
import { isVersion } from '../../core/release/version.ts';
import { BUNDLES_NAME, isSigned, manifestFiles, readIfThere, readManifest } from '../site/site.ts';
import { archivedBundleProblems, bundleProblems } from './verify-bundle.ts';
import { FILES_NAME } from '../site/site-files.ts';
import type { DeviceView, GivenRoot } from './verify-as-device.ts';
import { viewOfDevice } from './verify-as-device.ts';
import { fileProblems } from './verify-files.ts';
import { checkLists } from './verify-lists.ts';
import { versionProblems } from './verify-versions.ts';
import { trustProblems } from './verify-trust.ts';
import { isWorkRunning } from '../publish/work-folder.ts';

interface BranchSummary {
  branch: string;
  version: string;
  sequence: number | null;
  files: number;
  sizeBytes: number;
}

export interface SiteReport {
  /** One sentence each, beginning with the file it is about. Empty when all is well. */
  problems: string[];
  /** What is not wrong, but worth knowing. */
  notices: string[];
  branches: BranchSummary[];
  bundles: number;
  signed: boolean;
  /** Only with a root that a device trusts. */
  device?: Omit<DeviceView, 'problems'>;
}

/** Of a signed site: the moment at which it is to be valid, and the root that devices trust (default: now, its first root). */
export interface TrustCheck {
  at?: Date;
  trusted?: Buffer | null;
  /** The root of a device, as which the site is looked at besides. */
  asDevice?: GivenRoot | null;
}

/**
 * Checks branches.json, every manifest, every bundle and every single file byte by byte, and the signatures of a signed site. Writes nothing. Throws SITE_INVALID only when the
 * folder is no site at all, CANCELLED after an abort, and what viewOfDevice throws.
 */
export async function verifySite(dir: string, signal?: AbortSignal, trust: TrustCheck = {}): Promise<SiteReport> {
  const list = readIfThere(join(dir, BRANCHES_NAME));
  if (list === null && (!fs.existsSync(dir) || manifestFiles(dir).length === 0)) {
    throw new UpdateError('SITE_INVALID', `'${dir}' is not a site: it has no ${BRANCHES_NAME}`);
  }
  const report: SiteReport = { problems: [], notices: [], branches: [], bundles: 0, signed: isSigned(dir) };
  if (report.signed) {
    const { problems, notices } = trustProblems(dir, { at: trust.at ?? new Date(), trusted: trust.trusted ?? null });
    report.problems.push(...problems);
    report.notices.push(...notices);
  }
  const { asDevice = null, at = new Date() } = trust;
  if (asDevice !== null) {
    const { problems, ...device } = await viewOfDevice(dir, asDevice, at);
    report.problems.push(...problems);
    report.device = device;
  }
  const branches = checkBranches(list, report);
  const manifests = checkManifests(dir, branches, report);
  const listed = checkLists(dir, report.branches);
  report.problems.push(...versionProblems(manifests), ...listed.problems);
  report.notices.push(...listed.notices);
  // What is offered now is listed as well, with the same bundle.
  const named = new Set([...manifests.values()].map(({ bundle }) => bundle?.sha256));
  const earlier = [...listed.manifests].filter(([, { bundle }]) => !named.has(bundle?.sha256));
  await checkBundles({ dir, manifests: new Map([...manifests, ...earlier]), signal }, report);
  report.problems.push(...fileProblems(dir, manifests, signal));
  for (const folder of ['', BUNDLES_NAME, FILES_NAME]) report.notices.push(...leftovers(dir, folder));
  return report;
}

function checkBranches(list: Buffer | null, report: SiteReport): Branch[] | null {
  if (list === null) {
    report.problems.push(`${BRANCHES_NAME}: it is missing`);
    return null;
  }
  return attempt(BRANCHES_NAME, report, () => parseBranches(list, 'the list'));
}

function checkManifests(dir: string, branches: readonly Branch[] | null, report: SiteReport): Map<string, Manifest> {
  const manifests = new Map<string, Manifest>();
  const known = branches === null ? null : new Set([STABLE, ...branches.map(({ name }) => name)]);
  for (const { branch, name } of manifestFiles(dir)) {
    if (name !== manifestName(branch)) report.problems.push(`${name}: the manifest of '${branch}' is ${manifestName(branch)}`);
    else if (known?.has(branch) === false) report.problems.push(`${name}: ${BRANCHES_NAME} does not list '${branch}'`);
    const manifest = attempt(name, report, () => readManifest(dir, name));
    if (manifest === null) continue;
    if (manifest.branch !== undefined && manifest.branch !== branch)
      report.problems.push(`${name}: it says it belongs to the branch '${manifest.branch}'`);
    manifests.set(name, manifest);
    const sizeBytes = manifest.files.reduce((total, { size }) => total + (size ?? 0), 0);
    report.branches.push({ branch, version: manifest.version, sequence: manifest.sequence ?? null, files: manifest.files.length, sizeBytes });
  }
  for (const branch of known ?? []) {
    if (!manifests.has(manifestName(branch)) && !fs.existsSync(join(dir, manifestName(branch))))
      report.notices.push(`'${branch}' has no release yet`);
  }
  return manifests;
}

interface BundlesCheck {
  dir: string;
  manifests: ReadonlyMap<string, Manifest>;
  signal: AbortSignal | undefined;
}

async function checkBundles({ dir, manifests, signal }: BundlesCheck, report: SiteReport): Promise<void> {
  const named = new Set<string>();
  for (const [manifestFile, manifest] of manifests) {
    const name = bundleName(manifest);
    named.add(name);
    const found = await bundleProblems({ bundle: join(dir, BUNDLES_NAME, name), signal }, manifest);
    report.problems.push(...found.map((problem) => `${BUNDLES_NAME}/${name} (named by ${manifestFile}): ${problem}`));
  }
  report.bundles += named.size;
  for (const name of namesIn(join(dir, BUNDLES_NAME))) {
    if (named.has(name) || isLeftover(name)) continue;
    const version = /^pikit-(.+)\.tar\.gz$/.exec(name)?.[1];
    if (version === undefined || !isVersion(version)) {
      report.notices.push(`${BUNDLES_NAME}/${name} is not a bundle, and no manifest names it`);
      continue;
    }
    report.bundles += 1;
    const found = await archivedBundleProblems({ bundle: join(dir, BUNDLES_NAME, name), signal }, version);
    report.problems.push(...found.map((problem) => `${BUNDLES_NAME}/${name}: ${problem}`));
  }
}

/** Never read: devices and publish skip them. */
function leftovers(dir: string, folder: string): string[] {
  return namesIn(join(dir, folder))
    .filter(isLeftover)
    .map((name) => {
      const isRunning = isWorkRunning(join(dir, folder, name));
      return `${join(folder, name)}: ${isRunning ? 'pikit-release is at work there' : 'it was left by an interrupted run: the next build removes it'}`;
    });
}

function isLeftover(name: string): boolean {
  return name.endsWith('.tmp') || name.endsWith('.partial');
}

function namesIn(dir: string): string[] {
  return fs.existsSync(dir) ? fs.readdirSync(dir).toSorted() : [];
}

function attempt<T>(name: string, report: SiteReport, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    report.problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}
