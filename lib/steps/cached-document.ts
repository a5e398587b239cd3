/**
 * A document of the source (the list of branches, a branch's manifest): by conditional request, or as it was last seen. Each
 * name has its own entry in the cache, and keeps its last good one for ever.
 */
import { createHash } from 'node:crypto';
import type { Config } from '../core/config.ts';
import { UpdateError } from '../core/errors.ts';
import type { CacheFacts } from '../core/source-cache.ts';
import { CACHE_FACTS_MAX_BYTES, factsOf, sourceId } from '../core/source-cache.ts';
import type { DocumentAnswer } from '../io/document.ts';
import type { Located } from '../io/source.ts';
import { mkdirDurable, writeDurable } from '../transaction/durable.ts';
import { clearPlace, plainBytes } from '../transaction/plain-file.ts';
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

/**
 * Asks the source; a 304 is answered from the cache. Throws network and status codes, and what `parse` throws; what is cached
 * is untouched then.
 */
export async function requestDocument<T>(deps: NetworkDeps, config: Config, kind: DocumentKind<T>): Promise<SourceDocument<T>> {
  const usable = readCache(deps, config, kind);
  try {
    const { located, answer } = await ask(deps, config, kind, usable?.facts ?? null);
    const { url } = located;
    if (answer.is === 'unchanged') {
      if (usable === null) throw new UpdateError('HTTP_PROTOCOL', `'${url.host}' answered 304 to a request without conditions`);
      return usable.document;
    }
    const { bytes, etag, lastModified } = answer;
    const document = { value: kind.parse(bytes, `${kind.what} at '${url.origin}${url.pathname}'`), bytes, sha256: sha256Of(bytes) };
    writeCache(deps, kind, bytes, { source: sourceId(config), url: url.href, etag, last_modified: lastModified, sha256: document.sha256 });
    return document;
  } catch (error) {
    throw withSourceHint(error);
  }
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
    const isKnown = known !== null && known.url === located.url.href;
    const answer = await deps.getDocument(located.url, {
      what,
      maxBytes,
      timeoutMs: config.limits.check_timeout,
      signal: deps.signal,
      headers: located.headers,
      validators: isKnown ? { etag: known.etag, lastModified: known.last_modified } : null,
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
  const file = `${deps.paths.cacheDir}/source/${kind.path}`;
  const meta = plainBytes(`${file}.meta`, CACHE_FACTS_MAX_BYTES);
  const bytes = plainBytes(file, kind.maxBytes);
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
  const dir = `${deps.paths.cacheDir}/source`;
  mkdirDurable(dir, DIR);
  for (const file of [`${dir}/${kind.path}`, `${dir}/${kind.path}.meta`]) clearPlace(file);
  writeDurable(`${dir}/${kind.path}`, bytes, { mode: PUBLIC });
  writeDurable(`${dir}/${kind.path}.meta`, `${JSON.stringify(facts)}\n`, { mode: PUBLIC });
}
