/** One file of the static layout, as the source has it now. */
import { fileURLToPath } from 'node:url';
import type { CacheFacts } from '../../core/device/source-cache.ts';
import type { Config } from '../../core/device/config.ts';
import type { DocumentAnswer } from '../../io/http/document.ts';
import type { SourceLocation } from '../../io/source/source.ts';
import type { NetworkDeps } from '../deps.ts';

/** A file of the static layout, and how it is asked for. */
export interface SourceFile {
  path: string;
  branch: string;
  /** For messages: `the manifest`. */
  what: string;
  maxBytes: number;
  /** Further attempts after network errors. */
  retries: number;
  /** It is the gzip of a document (io/http/document.ts). */
  isGzip?: boolean;
}

/** An answer, and where it came from. */
export interface Answered {
  located: SourceLocation;
  answer: DocumentAnswer;
}

/** One file of the source, with the validators of what is `known`, or past every cache. Throws network and status codes. */
export async function askSource(deps: NetworkDeps, config: Config, file: SourceFile, known: CacheFacts | null): Promise<Answered> {
  const source = deps.openSource(config);
  const { path, branch, what, maxBytes, retries, isGzip = false } = file;
  const request = async (): Promise<Answered> => {
    const located = await source.locate(path, { branch, what, signal: deps.signal });
    const hasAddress = known !== null && known.url === located.url.href;
    const answer = await deps.getDocument(located.url, {
      what,
      maxBytes,
      isGzip,
      timeoutMs: config.limits.check_timeout,
      signal: deps.signal,
      headers: located.headers,
      ...(located.inspect === undefined ? {} : { inspect: located.inspect }),
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
      deps.log.warning(`${error instanceof Error ? error.message : String(error)}; retrying`);
    },
  });
}

/** A folder of this device has no origin, and its owner knows it by its path. */
export function shownPlace(url: URL): string {
  return url.protocol === 'file:' ? fileURLToPath(url) : `${url.origin}${url.pathname}`;
}
