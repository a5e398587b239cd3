/**
 * A document of the source (the list of branches, a branch's manifest): by conditional request, or as it was last seen. Each
 * name has its own entry in the cache, and keeps its last good one for ever.
 */
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../core/config.ts';
import { UpdateError } from '../core/errors.ts';
import type { CacheFacts } from '../core/source-cache.ts';
import { CACHE_FACTS_MAX_BYTES, factsOf, sourceId } from '../core/source-cache.ts';
import { keptValidators, mayAskWith } from '../core/validators.ts';
import type { DocumentAnswer } from '../io/document.ts';
import type { Located } from '../io/source.ts';
import { mkdirDurable, writeDurable } from '../transaction/durable.ts';
import { clearPlace } from '../transaction/plain-file.ts';
import { untrustedBytes } from '../transaction/untrusted.ts';
import type { NetworkDeps, StepDeps } from './deps.ts';
import { withSourceHint } from './with-hint.ts';

/** One kind of document, and what is asked of it. */
export interface DocumentKind<T> {
  /** Its place in the static layout. */
  path: string;
  branch: string;
  /** For messages: `the manifest`. */
  what: string;
  maxBytes: number;
  /** Further attempts after network errors. */
  retries: number;
  /** When what it is about was made, by its own words. */
  madeAt?: (value: T) => string | null;
  /** Throws when it is not as it should be; `what` says where it came from. */
  parse: (bytes: Buffer, what: string) => T;
}

export interface SourceDocument<T> {
  value: T;
  bytes: Buffer;
  sha256: string;
}

const PUBLIC = 0o644;
const DIR = 0o755;

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** `now`: without conditions, past every cache on the way. `cheap`: with the validator that is kept, while it can be trusted. */
export type Asking = 'now' | 'cheap';

/**
 * Asks the source; a 304 is answered from the cache. Throws network and status codes, and what `parse` throws; what is cached
 * is untouched then.
 */
export async function requestDocument<T>(
  deps: NetworkDeps,
  config: Config,
  kind: DocumentKind<T>,
  asking: Asking = 'now',
): Promise<SourceDocument<T>> {
  const usable = readCache(deps, config, kind);
  try {
    const isCheap = asking === 'cheap' && usable !== null && mayAskWith(usable.facts, deps.now().getTime());
    const { located, answer } = await ask(deps, config, kind, isCheap ? usable.facts : null);
    const { url } = located;
    if (answer.is === 'unchanged') {
      if (usable === null) throw new UpdateError('HTTP_PROTOCOL', `'${url.host}' answered 304 to a request without conditions`);
      return usable.document;
    }
    const { bytes, etag, lastModified, date } = answer;
    const document = { value: kind.parse(bytes, `${kind.what} at '${placeOf(url)}'`), bytes, sha256: sha256Of(bytes) };
    const madeAt = kind.madeAt?.(document.value) ?? null;
    const kept = keptValidators({ etag, lastModified, date, size: bytes.length, madeAt }, deps.now().getTime());
    const facts = { source: sourceId(config), url: url.href, last_modified: lastModified, sha256: document.sha256, ...kept };
    if (usable === null || !isKnown(usable.facts, facts)) writeCache(deps, kind, bytes, facts);
    return document;
  } catch (error) {
    throw withSourceHint(error);
  }
}

/** The same bytes from the same place, with nothing to keep besides: a daily check need not write them anew. */
function isKnown(before: CacheFacts, now: CacheFacts): boolean {
  const isSame = (['source', 'url', 'sha256', 'etag', 'last_modified'] as const).every((key) => before[key] === now[key]);
  return isSame && now.etag === null;
}

/** A folder of this device has no origin, and its owner knows it by its path. */
function placeOf(url: URL): string {
  return url.protocol === 'file:' ? fileURLToPath(url) : `${url.origin}${url.pathname}`;
}

interface Answered {
  located: Located;
  answer: DocumentAnswer;
}

async function ask<T>(deps: NetworkDeps, config: Config, kind: DocumentKind<T>, known: CacheFacts | null): Promise<Answered> {
  const source = deps.openSource(config);
  const { path, branch, what, maxBytes, retries } = kind;
  const request = async (): Promise<Answered> => {
    const located = await source.locate(path, { branch, what, signal: deps.signal });
    const hasAddress = known !== null && known.url === located.url.href;
    const answer = await deps.getDocument(located.url, {
      what,
      maxBytes,
      timeoutMs: config.limits.check_timeout,
      signal: deps.signal,
      headers: located.headers,
      isFresh: known === null,
      validators: hasAddress ? { etag: known.etag, lastModified: known.last_modified } : null,
      userAgent: deps.userAgent,
      wire: deps.openWire(config),
    });
    return { located, answer };
  };
  return await deps.withRetries(request, {
    retries: Math.min(retries, config.limits.retries, source.mostRetries),
    signal: deps.signal,
    onRetry: (error) => {
      deps.narrate.warning(`${error instanceof Error ? error.message : String(error)}; trying again`);
    },
  });
}

type CachedKind<T> = Pick<DocumentKind<T>, 'path' | 'what' | 'maxBytes' | 'parse'>;

/** The document as this source last had it, or null. */
export function cachedDocument<T>(deps: StepDeps, config: Config, kind: CachedKind<T>): SourceDocument<T> | null {
  return readCache(deps, config, kind)?.document ?? null;
}

/** apply reads this as root. Anything wrong with the cache means that there is none, as does another source: the next request is unconditional. */
function readCache<T>(deps: StepDeps, config: Config, kind: CachedKind<T>): { document: SourceDocument<T>; facts: CacheFacts } | null {
  const { cacheDir } = deps.paths;
  const meta = untrustedBytes(cacheDir, `source/${kind.path}.meta`, CACHE_FACTS_MAX_BYTES);
  const bytes = untrustedBytes(cacheDir, `source/${kind.path}`, kind.maxBytes);
  const facts = meta === null || bytes === null ? null : factsOf(meta, bytes, config);
  if (facts === null || bytes === null) return null;
  try {
    return { document: { value: kind.parse(bytes, kind.what), bytes, sha256: facts.sha256 }, facts };
  } catch (error) {
    if (error instanceof UpdateError) return null;
    throw error;
  }
}

function writeCache<T>(deps: StepDeps, kind: DocumentKind<T>, bytes: Buffer, facts: CacheFacts): void {
  const file = `${deps.paths.cacheDir}/source/${kind.path}`;
  mkdirDurable(dirname(file), DIR);
  for (const path of [file, `${file}.meta`]) clearPlace(path);
  writeDurable(file, bytes, { mode: PUBLIC });
  writeDurable(`${file}.meta`, `${JSON.stringify(facts)}\n`, { mode: PUBLIC });
}
