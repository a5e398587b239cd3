/** The manifest of a branch, as the source has it now or as it was last seen. */
import { STABLE } from '../core/branches.ts';
import type { Config } from '../core/config.ts';
import { UpdateError, mismatch } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import { MANIFEST_MAX_BYTES, parseManifest } from '../core/manifest.ts';
import { manifestName } from '../core/site-layout.ts';
import type { Asking, DocumentKind, SourceDocument } from './cached-document.ts';
import { cachedDocument, requestDocument } from './cached-document.ts';
import type { NetworkDeps, StepDeps } from './deps.ts';

/** A manifest with the bytes it was read from: their digest is what is pinned from check to apply. */
export interface Release {
  manifest: Manifest;
  bytes: Buffer;
  sha256: string;
}

/**
 * Asks the source for the manifest of `branch`. Throws network and status codes, MANIFEST_INVALID, PATH_REFUSED,
 * RELEASE_INCOMPATIBLE; the cached manifest is untouched then.
 */
export async function requestRelease(deps: NetworkDeps, config: Config, branch: string, asking: Asking = 'now'): Promise<Release> {
  try {
    return toRelease(await requestDocument(deps, config, manifestOf(branch), asking));
  } catch (error) {
    throw branch !== STABLE && error instanceof UpdateError && error.code === 'NOT_FOUND' ? nothingPublished(branch, error) : error;
  }
}

/** A release that is not the newest of its branch. `sha256`: of its manifest, where the source has said it. */
export interface ListedWish {
  path: string;
  branch: string;
  version: string;
  sha256: string | null;
}

/**
 * The manifest of a release that the branch has had, from the cache where that is known to be the same. Throws network and
 * status codes, RELEASE_CHANGED when it is not the one that the list means, and what requestRelease throws.
 */
export async function requestListed(
  deps: NetworkDeps,
  config: Config,
  { path, branch, version, sha256 }: ListedWish,
  asking: Asking,
): Promise<Release> {
  const kind = { ...manifestOf(branch), path, what: `the manifest of ${version}` };
  const cached = sha256 === null ? null : cachedDocument(deps, config, kind);
  const release = toRelease(cached?.sha256 === sha256 ? cached : await requestDocument(deps, config, kind, asking));
  if (sha256 !== null && release.sha256 !== sha256) {
    throw new UpdateError('RELEASE_CHANGED', mismatch(`sha256 of the manifest of ${version}`, sha256, release.sha256));
  }
  if (release.manifest.version === version) return release;
  throw new UpdateError('RELEASE_CHANGED', `the manifest at '${path}' is of ${release.manifest.version}, and ${version} was asked for`);
}

/** The manifest of `branch` as this source last had it, or null. */
export function cachedRelease(deps: StepDeps, config: Config, branch: string): Release | null {
  const document = cachedDocument(deps, config, manifestOf(branch));
  return document === null ? null : toRelease(document);
}

function toRelease({ value, bytes, sha256 }: SourceDocument<Manifest>): Release {
  return { manifest: value, bytes, sha256 };
}

function manifestOf(branch: string): DocumentKind<Manifest> {
  return {
    path: manifestName(branch),
    branch,
    what: branch === STABLE ? 'the manifest' : `the manifest of the branch '${branch}'`,
    maxBytes: MANIFEST_MAX_BYTES,
    retries: 2,
    madeAt: ({ released }) => released ?? null,
    parse: (bytes, what) => {
      const manifest = parseManifest(bytes, what);
      if (manifest.branch === undefined || manifest.branch === branch) return manifest;
      throw new UpdateError('MANIFEST_INVALID', `${what} is of branch '${manifest.branch}', and '${branch}' was asked for`);
    },
  };
}

function nothingPublished(branch: string, error: UpdateError): UpdateError {
  return new UpdateError('NOT_FOUND', `nothing is published on the branch '${branch}': ${error.message}`, {
    hint: `wait until something is, or go back: \`pikit-update branch ${STABLE}\`; nothing was changed`,
    cause: error,
    ...(error.subject === null ? {} : { subject: error.subject }),
  });
}
