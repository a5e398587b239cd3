/** The root of signed metadata that a source has now: what an owner may trust, after comparing its fingerprints. */
import { fileURLToPath } from 'node:url';
import { STABLE } from '../../core/release/branches.ts';
import type { Config } from '../../core/device/config.ts';
import { UpdateError } from '../../core/errors.ts';
import { METADATA_MAX_BYTES, metadataPath } from '../../core/trust/metadata-layout.ts';
import { getDocument } from '../http/document.ts';
import type { OpenWire } from '../http/wire.ts';
import { withRetries } from '../retry.ts';
import type { OpenSource } from './source.ts';

export interface RootAccess {
  config: Config;
  openSource: OpenSource;
  openWire: OpenWire;
  userAgent: string;
  signal: AbortSignal;
  onRetry: (error: unknown) => void;
}

/**
 * Past every cache on the way. Nothing of it is verified. Throws network and status codes, RESPONSE_TOO_LARGE, and SIGNATURE_MISSING
 * for a source that signs nothing, with the hint of its NOT_FOUND: a repository may be private.
 */
export async function requestRoot({
  config,
  openSource,
  openWire,
  userAgent,
  signal,
  onRetry,
}: RootAccess): Promise<{ bytes: Buffer; place: string }> {
  const source = openSource(config);
  const what = 'the root of the signatures';
  const request = async (): Promise<{ bytes: Buffer; place: string }> => {
    const { url, headers, inspect } = await source.locate(metadataPath('root.json'), { branch: STABLE, what, signal });
    const limits = { what, maxBytes: METADATA_MAX_BYTES.root, timeoutMs: config.limits.check_timeout };
    const toInspect = inspect === undefined ? {} : { inspect };
    const answer = await getDocument(url, {
      ...limits,
      ...toInspect,
      signal,
      headers,
      validators: null,
      isFresh: true,
      userAgent,
      wire: openWire(config),
    });
    if (answer.is === 'unchanged') throw new UpdateError('HTTP_PROTOCOL', `'${url.host}' answered 304 to a request without conditions`);
    return { bytes: answer.bytes, place: url.protocol === 'file:' ? fileURLToPath(url) : `${url.origin}${url.pathname}` };
  };
  try {
    return await withRetries(request, { retries: Math.min(config.limits.retries, source.mostRetries), signal, onRetry });
  } catch (error) {
    if (!(error instanceof UpdateError) || error.code !== 'NOT_FOUND') throw error;
    throw new UpdateError('SIGNATURE_MISSING', `the source '${source.name}' does not sign its releases: it has no 'tuf/root.json'`, {
      hint: `ask the maker of the releases for their root.json, or whether they sign; ${error.hint ?? 'check source.url in /etc/pikit/update.toml'}`,
      cause: error,
    });
  }
}
