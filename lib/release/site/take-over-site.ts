/** `pikit-release init --from`: a new site that goes on where a published one is, when the folder it came from is lost. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { BRANCHES_MAX_BYTES, STABLE, parseBranches } from '../../core/release/branches.ts';
import { UpdateError } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { MANIFEST_MAX_BYTES, bundleName, parseManifest } from '../../core/release/manifest.ts';
import { BRANCHES_NAME, BRANCH_RECORD_NAME, bundlePath, manifestName, releasesName } from '../../core/release/site-layout.ts';
import { unpackBundle } from '../../io/bundle/archive.ts';
import { fsyncDir, lstatOrNull, removeTree, writeDurable } from '../../transaction/files/durable.ts';
import { initSite } from './init.ts';
import type { PublishedSource } from '../publish/published-source.ts';
import { publishedSource } from '../publish/published-source.ts';
import { siteFiles, stageFiles } from './site-files.ts';
import { takeReleases } from './take-over-list.ts';
import { takeTrust } from '../trust/take-over-trust.ts';
import { verifySite } from '../verify/verify.ts';

export interface TakeOver {
  site: string;
  /** A folder, an http(s): or file: address, or `gitea:` and the address of a repository. */
  from: string;
  token: string | null;
  /** The root that signed metadata has to come from; null takes the first one that is published. */
  trusted?: Buffer | null;
  /** The moment at which signatures have to be valid. */
  at?: Date;
  signal: AbortSignal;
}

export interface TakenOver {
  site: string;
  from: string;
  signed: boolean;
  /** The root of a signed site, with its keys. */
  root: { version: number; keys: { name: string | null; fingerprint: string }[] } | null;
  branches: { branch: string; version: string; sequence: number | null }[];
  notices: string[];
}

/**
 * Makes a site of what is published: the list of branches, what each offers now and has offered, and the bundles and single
 * files that devices may ask for; so the next release gets the number after the last one, and can be published there. Everything is checked as `verify` does before the site has its
 * name; on failure there is no site. Throws SITE_INVALID when the folder is not empty or what is published is not in order,
 * NOT_FOUND when nothing is, what takeTrust throws for signatures, and status and network codes.
 */
export async function takeOverSite({ site, from, token, signal, trusted = null, at = new Date() }: TakeOver): Promise<TakenOver> {
  assertEmpty(site);
  const published = await publishedSource(from, token, signal);
  const staging = `${site.replace(/\/+$/, '')}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    initSite(staging, { unsigned: true });
    const trust = await takeTrust(published, staging, trusted);
    const source = trust?.source ?? published;
    const branches = await takeList(source, staging);
    const taken: TakenOver['branches'] = [];
    const notices: string[] = [];
    for (const branch of [STABLE, ...branches]) {
      const manifest = await takeBranch(source, staging, branch, signal);
      if (manifest !== null) taken.push({ branch, version: manifest.version, sequence: manifest.sequence ?? null });
      notices.push(...(await takeReleases({ source, dir: staging, branch, offered: manifest })));
    }
    // A branch whose releases were all withdrawn offers nothing, and its list remembers which numbers they had.
    if (taken.length === 0 && ![STABLE, ...branches].some((branch) => lstatOrNull(join(staging, releasesName(branch))) !== null))
      throw new UpdateError('NOT_FOUND', `no release is published at '${from}'`, { hint: 'check --from; a new site is made without it' });
    const { problems } = await verifySite(staging, signal, { at, trusted });
    if (problems[0] !== undefined) throw new UpdateError('SITE_INVALID', `what is published at '${from}' is not in order: ${problems[0]}`);
    fs.renameSync(staging, site);
    fsyncDir(join(site, '..'));
    const root = trust === null ? null : { version: trust.root, keys: trust.keys.map(({ name, fingerprint }) => ({ name, fingerprint })) };
    return { site, from, signed: trust !== null, root, branches: taken, notices };
  } finally {
    removeTree(staging);
  }
}

function assertEmpty(site: string): void {
  const stat = lstatOrNull(site);
  if (stat === null || (stat.isDirectory() && fs.readdirSync(site).length === 0)) return;
  throw new UpdateError('SITE_INVALID', `'${site}' is not an empty folder`, { hint: 'name a new one: what is published is taken over as a whole' });
}

async function takeList(source: PublishedSource, dir: string): Promise<string[]> {
  const list = await source.read(BRANCHES_NAME, STABLE, BRANCHES_MAX_BYTES);
  if (list === null) return [];
  const branches = parseBranches(list, 'the published list of branches');
  writeDurable(join(dir, BRANCHES_NAME), list, { mode: 0o644 });
  const record = await source.read(BRANCH_RECORD_NAME, STABLE, BRANCHES_MAX_BYTES);
  if (record !== null) writeDurable(join(dir, BRANCH_RECORD_NAME), record, { mode: 0o644 });
  return branches.map(({ name }) => name);
}

async function takeBranch(source: PublishedSource, dir: string, branch: string, signal: AbortSignal): Promise<Manifest | null> {
  const bytes = await source.read(manifestName(branch), branch, MANIFEST_MAX_BYTES);
  if (bytes === null) return null;
  const manifest = parseManifest(bytes, `the published ${manifestName(branch)}`);
  const { size, sha256 } = manifest.bundle ?? {};
  if (size === undefined || sha256 === undefined) {
    throw new UpdateError('SITE_INVALID', `the published ${manifestName(branch)} does not say the size and sha256 of its bundle`);
  }
  const path = bundlePath(bundleName(manifest));
  const bundle = join(dir, path);
  if (lstatOrNull(bundle) === null) await source.fetch(path, branch, bundle, { size, sha256 });
  const into = `${bundle}.tmp`;
  try {
    await unpackBundle({ bundle, files: manifest.files, into, limits: { unpackedBytes: Number.MAX_SAFE_INTEGER }, signal });
    stageFiles(dir, siteFiles(branch, manifest.files), (file) => join(into, file.path)).place();
  } finally {
    removeTree(into);
  }
  writeDurable(join(dir, manifestName(branch)), bytes, { mode: 0o644 });
  return manifest;
}
