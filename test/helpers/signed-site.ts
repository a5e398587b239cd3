/** Signed sites made by the real commands, and clients that are not ours to read them. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { Updater } from 'tuf-js';
import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import type { ReleaseCliDeps } from '../../lib/release/cli/cli.ts';
import { runPikitRelease } from '../../lib/release/cli/cli.ts';
import { openKeys } from '../../lib/release/keys/open-signing.ts';
import { passphrases } from '../../lib/release/keys/passphrase.ts';
import type { Signing } from '../../lib/release/trust/sign-role.ts';
import { host } from './hosting.ts';
import { releaseServer } from './release-server.ts';
import { dashboard, writeTree } from './site-builder.ts';

export const PASSPHRASE = 'correct horse battery staple';

export interface Ran {
  code: number;
  out: string;
  err: string;
}

export interface ReleaseBench {
  base: string;
  site: string;
  keys: string;
  /** Runs a command; BASE, SITE and KEYS stand for the folders. Blanks part its words. */
  run: (line: string, deps?: Partial<ReleaseCliDeps>) => Promise<Ran>;
  /** The same, and throws unless it ends with 0. */
  done: (line: string, deps?: Partial<ReleaseCliDeps>) => Promise<string>;
}

/** A folder in which pikit-release is used, with `tree/` to build from, and no site yet. */
export function releaseBench(base: string, now = new Date('2026-11-20T10:00:00Z')): ReleaseBench {
  writeTree(join(base, 'tree'), dashboard('one'));
  const site = join(base, 'site');
  const keys = join(base, 'site-keys');
  const run: ReleaseBench['run'] = async (line, deps = {}) => {
    let out = '';
    let err = '';
    const args = line.split(' ').map((word) => word.replaceAll('BASE', base).replaceAll('SITE', site).replaceAll('KEYS', keys));
    const code = await runPikitRelease(args, {
      version: '9.9.9',
      env: { PIKIT_KEY_PASSPHRASE: PASSPHRASE },
      now,
      signal: new AbortController().signal,
      out: (text) => (out += text),
      err: (text) => (err += text),
      ...deps,
    });
    return { code, out: out.replaceAll(base, 'BASE'), err: err.replaceAll(base, 'BASE') };
  };
  const done: ReleaseBench['done'] = async (line, deps) => {
    const { code, out, err } = await run(line, deps);
    if (code !== 0) throw new Error(`'${line}' ended with ${String(code)}:\n${out}${err}`);
    return out + err;
  };
  return { base, site, keys, run, done };
}

/** Who signs with the keys of a folder, on the day of the releases. */
export function signingOf(keys: string, more: Partial<Signing> = {}): Signing {
  const around = { env: {}, at: new Date('2026-11-20T12:00:00Z'), passphrases: passphrases({ PIKIT_KEY_PASSPHRASE: PASSPHRASE }, () => null) };
  return { ...openKeys('', { keys, fd: null, command: null }, around), ...more };
}

/** A signed site with the release 1.0.0 on stable. */
export async function signedBench(base: string, init = '', now = new Date('2026-11-20T10:00:00Z')): Promise<ReleaseBench> {
  const bench = releaseBench(base, now);
  await bench.done(`init --site SITE${init}`);
  await bench.done('build --site SITE --from BASE/tree --version 1.0.0');
  return bench;
}

/** The client of tuf-js with its own defaults, over HTTP: fetches a document of the site, from what it trusts in `trusted`. */
export async function foreignDownload(site: string, trusted: string, document: string): Promise<string> {
  const server = await releaseServer();
  try {
    host(server, site, {});
    fs.mkdirSync(join(trusted, 'got'), { recursive: true });
    const updater = new Updater({
      metadataDir: trusted,
      metadataBaseUrl: server.url('/tuf').href,
      targetDir: join(trusted, 'got'),
      targetBaseUrl: server.url('/tuf/targets').href,
    });
    const target = await updater.getTargetInfo(document);
    if (target === undefined) throw new Error(`'${document}' is not signed`);
    return fs.readFileSync(await updater.downloadTarget(target), 'utf8');
  } finally {
    await server.close();
  }
}

/** What a device has of a site: the root that it trusts, and the metadata that it has seen last. */
export interface Seen {
  root: Buffer;
  timestamp?: Buffer;
  snapshot?: Buffer;
}

/**
 * Reads a site as a device does that has seen `seen`, in one moment: roots, timestamp, snapshot, targets, roles of branches; then each
 * document by its digest, and the bundle that each manifest names. Throws what is wrong. The answer: what it has seen now, and the
 * versions that the branches offer.
 */
export function readAsDevice(site: string, seen: Seen): { seen: Seen; offers: Record<string, string>; roles: Record<string, number> } {
  const read = (path: string): Buffer => fs.readFileSync(join(site, 'tuf', path));
  const store = new TrustedMetadataStore(seen.root);
  Reflect.set(store, 'referenceTime', new Date('2026-11-21T00:00:00Z'));
  let root = seen.root;
  while (fs.existsSync(join(site, 'tuf', `${String(store.root.signed.version + 1)}.root.json`))) {
    root = read(`${String(store.root.signed.version + 1)}.root.json`);
    store.updateRoot(root);
  }
  quietly(() => seen.timestamp && store.updateTimestamp(seen.timestamp));
  const timestamp = read('timestamp.json');
  const before = store.timestamp?.signed.version;
  try {
    store.updateTimestamp(timestamp);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('is equal to') || before === undefined) throw error;
  }
  quietly(() => seen.snapshot && store.updateSnapshot(seen.snapshot, true));
  const version = store.timestamp?.signed.snapshotMeta.version ?? 0;
  const snapshot = read(`${String(version)}.snapshot.json`);
  store.updateSnapshot(snapshot);
  const meta = store.snapshot?.signed.meta ?? {};
  const roles: Record<string, number> = {};
  const load = (role: string, delegator: string): void => {
    const named = meta[`${role}.json`];
    if (named === undefined) return;
    store.updateDelegatedTargets(read(`${String(named.version)}.${role}.json`), role, delegator);
    roles[role] = named.version;
  };
  load('targets', 'root');
  const delegated = Object.keys(store.targets?.signed.delegations?.roles ?? {});
  for (const role of delegated) load(role, 'targets');
  const offers: Record<string, string> = {};
  for (const role of ['targets', ...delegated]) {
    for (const [name, { hashes, length }] of Object.entries(store.getRole(role)?.signed.targets ?? {})) {
      const digest = hashes['sha256'] ?? '';
      const bytes = read(`targets/${digest}.${name}`);
      if (bytes.length !== length || createHash('sha256').update(bytes).digest('hex') !== digest) throw new Error(`'${name}' is not as signed`);
      if (name.startsWith('manifest')) offers[name] = offered(site, bytes);
    }
  }
  return { seen: { root, timestamp, snapshot }, offers, roles };
}

function offered(site: string, manifest: Buffer): string {
  const parsed: unknown = JSON.parse(manifest.toString());
  if (typeof parsed !== 'object' || parsed === null || !('version' in parsed)) throw new Error('a manifest without version');
  const version = String(parsed.version);
  if (!fs.existsSync(join(site, 'bundles', `pikit-${version}.tar.gz`))) throw new Error(`the bundle of ${version} is missing`);
  return version;
}

/** What a device has stored and cannot use any more counts for nothing. */
function quietly(act: () => unknown): void {
  try {
    act();
  } catch {
    // as a client does: an unusable copy is asked for anew
  }
}

/** A device that has the first root of a site, and nothing else. */
export function newDevice(site: string): Seen {
  return { root: fs.readFileSync(join(site, 'tuf/1.root.json')) };
}
