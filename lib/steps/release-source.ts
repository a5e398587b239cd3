/** The manifest of a branch: by conditional request from the source, or as it was last seen. Keeps the last good one for ever. */
import { createHash } from 'node:crypto';
import { UpdateError } from '../core/errors.ts';
import type { Config } from '../core/config.ts';
import { parseDocument } from '../core/json.ts';
import type { Manifest } from '../core/manifest.ts';
import { MANIFEST_MAX_BYTES, parseManifest } from '../core/manifest.ts';
import { manifestName } from '../core/site-layout.ts';
import * as z from 'zod';
import { mkdirDurable, writeDurable } from '../transaction/durable.ts';
import { clearPlace, readPlain } from '../transaction/plain-file.ts';
import type { DocumentAnswer } from '../io/document.ts';
import type { Located } from '../io/source.ts';
import type { NetworkDeps, StepDeps } from './deps.ts';
import { withSourceHint } from './with-hint.ts';

/** A manifest with the bytes it was read from: their digest is what is pinned from check to apply. */
export interface Release {
  manifest: Manifest;
  bytes: Buffer;
  sha256: string;
}

const Meta = z.strictObject({
  source: z.string(),
  url: z.string(),
  etag: z.string().nullable(),
  last_modified: z.string().nullable(),
  sha256: z.string(),
});
type Meta = z.infer<typeof Meta>;

const META_MAX_BYTES = 64 * 1024;
const PUBLIC = 0o644;
const DIR = 0o755;

/** What tells one source from another: nothing that one sent is used with the other. */
function sourceId({ source }: Config): string {
  return `${source.type} ${source.url}`;
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Asks the source for the manifest of `branch`; a 304 is answered from the cache. Throws network and status codes,
 * MANIFEST_INVALID, PATH_REFUSED, RELEASE_INCOMPATIBLE; the cached manifest is untouched then.
 */
export async function requestRelease(deps: NetworkDeps, config: Config, branch: string): Promise<Release> {
  const usable = readCache(deps, config, branch);
  const { located, answer } = await ask(deps, config, branch, usable?.meta ?? null);
  const { url } = located;
  if (answer.is === 'unchanged') {
    if (usable === null) throw new UpdateError('HTTP_PROTOCOL', `'${url.host}' answered 304 to a request without conditions`);
    return usable.release;
  }
  const release = toRelease(answer.bytes, url, branch);
  const { etag, lastModified } = answer;
  writeCache(deps, branch, release, { source: sourceId(config), url: url.href, etag, last_modified: lastModified, sha256: release.sha256 });
  return release;
}

interface Answered {
  located: Located;
  answer: DocumentAnswer;
}

async function ask(deps: NetworkDeps, config: Config, branch: string, known: Meta | null): Promise<Answered> {
  const source = deps.openSource(config);
  const what = 'the manifest';
  const request = async (): Promise<Answered> => {
    const located = await source.locate(manifestName(branch), { branch, what, signal: deps.signal });
    const isKnown = known !== null && known.url === located.url.href;
    const answer = await deps.getDocument(located.url, {
      what,
      maxBytes: MANIFEST_MAX_BYTES,
      timeoutMs: config.limits.check_timeout,
      signal: deps.signal,
      headers: located.headers,
      validators: isKnown ? { etag: known.etag, lastModified: known.last_modified } : null,
      userAgent: deps.userAgent,
    });
    return { located, answer };
  };
  try {
    return await deps.withRetries(request, {
      retries: Math.min(2, config.limits.retries),
      signal: deps.signal,
      onRetry: (error) => {
        deps.narrate.warning(`${error instanceof Error ? error.message : String(error)}; trying again`);
      },
    });
  } catch (error) {
    throw withSourceHint(error);
  }
}

function toRelease(bytes: Buffer, url: URL, branch: string): Release {
  const what = `the manifest at '${url.origin}${url.pathname}'`;
  try {
    const manifest = parseManifest(bytes, what);
    if (manifest.branch !== undefined && manifest.branch !== branch) {
      throw new UpdateError('MANIFEST_INVALID', `${what} is of branch '${manifest.branch}', and '${branch}' was asked for`);
    }
    return { manifest, bytes, sha256: sha256Of(bytes) };
  } catch (error) {
    throw withSourceHint(error);
  }
}

/** The manifest of `branch` as this source last had it, or null. */
export function cachedRelease(deps: StepDeps, config: Config, branch: string): Release | null {
  return readCache(deps, config, branch)?.release ?? null;
}

function cachePaths(deps: StepDeps, branch: string): { dir: string; manifest: string; meta: string } {
  const dir = `${deps.paths.cacheDir}/source`;
  return { dir, manifest: `${dir}/${manifestName(branch)}`, meta: `${dir}/${manifestName(branch)}.meta` };
}

/** Anything wrong with the cache means that there is none, as does another source: the next request is unconditional. */
function readCache(deps: StepDeps, config: Config, branch: string): { release: Release; meta: Meta } | null {
  const at = cachePaths(deps, branch);
  const [told, kept] = [readPlain(at.meta, { maxBytes: META_MAX_BYTES }), readPlain(at.manifest, { maxBytes: MANIFEST_MAX_BYTES })];
  if (told.is !== 'there' || kept.is !== 'there') return null;
  const { bytes } = kept;
  try {
    const meta = parseDocument(told.bytes, Meta, { what: `'${at.meta}'`, maxBytes: META_MAX_BYTES, code: 'STATE_INVALID' });
    if (meta.source !== sourceId(config) || sha256Of(bytes) !== meta.sha256) return null;
    return { release: { manifest: parseManifest(bytes), bytes, sha256: meta.sha256 }, meta };
  } catch (error) {
    if (error instanceof UpdateError) return null;
    throw error;
  }
}

function writeCache(deps: StepDeps, branch: string, release: Release, meta: Meta): void {
  const at = cachePaths(deps, branch);
  mkdirDurable(at.dir, DIR);
  for (const file of [at.manifest, at.meta]) clearPlace(file);
  writeDurable(at.manifest, release.bytes, { mode: PUBLIC });
  writeDurable(at.meta, `${JSON.stringify(meta)}\n`, { mode: PUBLIC });
}
