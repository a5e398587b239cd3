/**
 * A document of the source (the list of branches, a branch's manifest): by conditional request, by the digest that the source has
 * signed, or as it was last seen. Each name has its own entry in the cache, and keeps its last good one for ever.
 */
import { sha256Of } from '../../core/digest.ts';
import { dirname } from 'node:path';
import type { Config } from '../../core/device/config.ts';
import { UpdateError } from '../../core/errors.ts';
import type { CacheFacts } from '../../core/device/source-cache.ts';
import { CACHE_FACTS_MAX_BYTES, factsOf, sourceId } from '../../core/device/source-cache.ts';
import { keptValidators, mayAskWith } from '../../core/network/validators.ts';
import type { SignedBy } from '../../core/trust/trust-state.ts';
import type { TrustedTarget } from '../../io/trust/metadata-types.ts';
import { lstatOrNull, writeDurable } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import { clearPath, keepAside } from '../../transaction/files/plain-file.ts';
import { untrustedBytes } from '../../transaction/files/untrusted-files.ts';
import type { NetworkDeps, StepDeps } from '../deps.ts';
import type { SourceFile } from './ask-source.ts';
import { askSource, shownPlace } from './ask-source.ts';
import { requestTarget } from './signed-target.ts';
import { withSourceHint } from './with-hint.ts';

/** One kind of document, and what is asked of it. */
export interface DocumentKind<T> extends SourceFile {
  /** When what it is about was made, by its own words. */
  madeAt?: (value: T) => string | null;
  /** Throws when it is not as it should be; `what` says where it came from. */
  parse: (bytes: Buffer, what: string) => T;
}

export interface SourceDocument<T> {
  value: T;
  bytes: Buffer;
  sha256: string;
  /** Null where releases are not signed. */
  signed: SignedBy | null;
}

const PUBLIC = 0o644;
const DIR = 0o755;

/** `now`: without conditions, past every cache on the way. `cheap`: with the validator that is kept, while it can be trusted. */
export type Frequency = 'now' | 'cheap';

/** Documents as the source has signed them. */
export interface SignedTargets {
  /** Null: no role that may name the document does. Throws METADATA_* and SIGNATURE_INVALID, and network and status codes. */
  target: (path: string) => Promise<TrustedTarget | null>;
}

/** Where releases are signed, the digest decides whether anything is asked at all. */
export type Asking = Frequency | SignedTargets;

/**
 * Asks the source; a 304 is answered from the cache. Throws network and status codes, and what `parse` throws; what is cached
 * is untouched then. Signed: SIGNATURE_MISSING for what the metadata does not name, METADATA_MISMATCH for other bytes than it names.
 */
export async function requestDocument<T>(
  deps: NetworkDeps,
  config: Config,
  kind: DocumentKind<T>,
  asking: Asking = 'now',
): Promise<SourceDocument<T>> {
  const usable = readCache(deps, config, kind);
  if (typeof asking !== 'string') return await requestSigned(deps, config, { kind, usable }, asking);
  try {
    const isCheap = asking === 'cheap' && usable !== null && mayAskWith(usable.facts, deps.now().getTime());
    const { located, answer } = await askSource(deps, config, kind, isCheap ? usable.facts : null);
    const { url } = located;
    if (answer.is === 'unchanged') {
      if (usable === null) throw new UpdateError('HTTP_PROTOCOL', `'${url.host}' answered 304 to an unconditional request`);
      return usable.document;
    }
    const { bytes, etag, lastModified, date } = answer;
    const document = { value: kind.parse(bytes, `${kind.what} at '${shownPlace(url)}'`), bytes, sha256: sha256Of(bytes), signed: null };
    const madeAt = kind.madeAt?.(document.value) ?? null;
    const kept = keptValidators({ etag, lastModified, date, size: bytes.length, madeAt }, deps.now().getTime());
    const facts = { source: sourceId(config), url: url.href, last_modified: lastModified, sha256: document.sha256, ...kept };
    if (usable === null || !isKnown(usable.facts, facts)) writeCache(deps, kind, bytes, facts);
    return document;
  } catch (error) {
    throw withSourceHint(error);
  }
}

/** What is cached under the digest is used without a request. Else its copy under the digest is asked for, then its plain name. */
async function requestSigned<T>(
  deps: NetworkDeps,
  config: Config,
  { kind, usable }: { kind: DocumentKind<T>; usable: Cached<T> | null },
  documents: SignedTargets,
): Promise<SourceDocument<T>> {
  const target = await documents.target(kind.path);
  if (target === null) {
    throw new UpdateError('SIGNATURE_MISSING', `${kind.what} is not signed: the metadata of the source does not name '${kind.path}'`, {
      hint: 'this device takes signed releases only: wait until the publisher has signed it; nothing was changed',
    });
  }
  const { sha256, signedBy: signed } = target;
  if (usable?.facts.sha256 === sha256) return { ...usable.document, signed };
  try {
    const { url, bytes } = await requestTarget(deps, config, kind, target);
    const what = `${kind.what} at '${shownPlace(url)}'`;
    const document = { value: kind.parse(bytes, what), bytes, sha256, signed };
    const facts = { source: sourceId(config), url: url.href, etag: null, last_modified: null, sha256, full_at: null, until: null };
    writeCache(deps, kind, bytes, facts);
    return document;
  } catch (error) {
    throw withSourceHint(error);
  }
}

/** The same bytes from the same place, and no new validator: a daily check need not write them again. */
function isKnown(before: CacheFacts, now: CacheFacts): boolean {
  const isSame = (['source', 'url', 'sha256', 'etag', 'last_modified'] as const).every((key) => before[key] === now[key]);
  return isSame && now.etag === null;
}

type CachedKind<T> = Pick<DocumentKind<T>, 'path' | 'what' | 'maxBytes' | 'parse'>;

/** The document as this source last had it, or null. */
export function cachedDocument<T>(deps: StepDeps, config: Config, kind: CachedKind<T>): SourceDocument<T> | null {
  return readCache(deps, config, kind)?.document ?? null;
}

interface Cached<T> {
  document: SourceDocument<T>;
  facts: CacheFacts;
}

/** apply reads this as root. Anything wrong with the cache means that there is none, as does another source: the next request is unconditional. */
function readCache<T>(deps: StepDeps, config: Config, kind: CachedKind<T>): Cached<T> | null {
  const { cacheDir } = deps.paths;
  const meta = untrustedBytes(cacheDir, `source/${kind.path}.meta`, CACHE_FACTS_MAX_BYTES);
  const bytes = untrustedBytes(cacheDir, `source/${kind.path}`, kind.maxBytes);
  const facts = meta === null || bytes === null ? null : factsOf(meta, bytes, config);
  if (facts === null || bytes === null) return null;
  try {
    return { document: { value: kind.parse(bytes, kind.what), bytes, sha256: facts.sha256, signed: null }, facts };
  } catch (error) {
    if (error instanceof UpdateError) return null;
    throw error;
  }
}

function writeCache<T>(deps: StepDeps, kind: DocumentKind<T>, bytes: Buffer, facts: CacheFacts): void {
  const file = `${deps.paths.cacheDir}/source/${kind.path}`;
  // Anything else in the place of the folder, also a link to one: each later check would fail on it.
  if (lstatOrNull(dirname(file))?.isDirectory() === false) keepAside(dirname(file));
  mkdirDurable(dirname(file), DIR);
  for (const path of [file, `${file}.meta`]) clearPath(path);
  writeDurable(file, bytes, { mode: PUBLIC });
  writeDurable(`${file}.meta`, `${JSON.stringify(facts)}\n`, { mode: PUBLIC });
}
