/** The manifest of a branch, as the source has it now or as it was last seen. */
import { STABLE } from '../../core/release/branches.ts';
import type { Config } from '../../core/device/config.ts';
import { UpdateError, mismatch } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { MANIFEST_MAX_BYTES, parseManifest } from '../../core/release/manifest.ts';
import { manifestName } from '../../core/release/site-layout.ts';
import type { SignedBy } from '../../core/trust/trust-state.ts';
import type { Asking, DocumentKind, Frequency, SourceDocument } from './cached-document.ts';
import { cachedDocument, requestDocument } from './cached-document.ts';
import type { NetworkDeps, StepDeps } from '../deps.ts';

/** A manifest with the bytes it was read from: their digest is what is pinned from check to apply. */
export interface FoundRelease {
  manifest: Manifest;
  /** Null where releases are not signed. */
  signed: SignedBy | null;
  bytes: Buffer;
  sha256: string;
}

/**
 * Asks the source for the manifest of `branch`. Throws network and status codes, MANIFEST_INVALID, PATH_REFUSED,
 * RELEASE_INCOMPATIBLE; the cached manifest is untouched then.
 */
export async function requestRelease(deps: NetworkDeps, config: Config, branch: string, asking: Asking = 'now'): Promise<FoundRelease> {
  try {
    return toRelease(await requestDocument(deps, config, manifestOf(branch), asking));
  } catch (error) {
    throw branch !== STABLE && error instanceof UpdateError && isUnpublished(error) ? nothingPublished(branch, error) : error;
  }
}

/** A release that is not the newest of its branch. `sha256`: of its manifest, where the source has said it; `signed`: by whom that is signed. */
export interface ListedWish {
  path: string;
  branch: string;
  version: string;
  sha256: string | null;
  signed: SignedBy | null;
}

/**
 * The manifest of a release that the branch has had, from the cache where that is known to be the same. Throws network and
 * status codes, RELEASE_CHANGED when it is not the one that the list means, and what requestRelease throws.
 */
export async function requestListed(
  deps: NetworkDeps,
  config: Config,
  { path, branch, version, sha256, signed }: ListedWish,
  asking: Frequency,
): Promise<FoundRelease> {
  const kind = { ...manifestOf(branch), path, what: `the manifest of ${version}` };
  const cached = sha256 === null ? null : cachedDocument(deps, config, kind);
  const release = { ...toRelease(cached?.sha256 === sha256 ? cached : await requestDocument(deps, config, kind, asking)), signed };
  if (sha256 !== null && release.sha256 !== sha256) {
    throw new UpdateError('RELEASE_CHANGED', mismatch(`sha256 of the manifest of ${version}`, sha256, release.sha256));
  }
  if (release.manifest.version === version) return release;
  throw new UpdateError('RELEASE_CHANGED', `the manifest at '${path}' describes ${release.manifest.version}, but ${version} was requested`);
}

/** The manifest of `branch` as this source last had it, or null. */
export function cachedRelease(deps: StepDeps, config: Config, branch: string): FoundRelease | null {
  const document = cachedDocument(deps, config, manifestOf(branch));
  return document === null ? null : toRelease(document);
}

function toRelease({ value, bytes, sha256, signed }: SourceDocument<Manifest>): FoundRelease {
  return { manifest: value, bytes, sha256, signed };
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
      throw new UpdateError('MANIFEST_INVALID', `${what} is of the branch '${manifest.branch}', but '${branch}' was requested`);
    },
  };
}

/** The source has no manifest of the branch, or its signed metadata names none. */
function isUnpublished({ code }: UpdateError): boolean {
  return code === 'NOT_FOUND' || code === 'SIGNATURE_MISSING';
}

function nothingPublished(branch: string, error: UpdateError): UpdateError {
  return new UpdateError(error.code, `nothing is published on the branch '${branch}': ${error.message}`, {
    hint: `wait for a release there, or follow stable again: \`pikit-update branch ${STABLE}\`; nothing was changed`,
    cause: error,
    ...(error.subject === null ? {} : { subject: error.subject }),
  });
}
