/** The bytes of a document that signed metadata names, from the smallest copy that the source has of it. */
import { sha256Of } from '../../core/digest.ts';
import type { Config } from '../../core/device/config.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { UpdateError, mismatch } from '../../core/errors.ts';
import { gzipCopyPath, targetCopyPath } from '../../core/trust/metadata-layout.ts';
import type { TrustedTarget } from '../../io/trust/metadata-types.ts';
import type { NetworkDeps } from '../deps.ts';
import type { Answered, SourceFile } from './ask-source.ts';
import { askSource, shownPlace } from './ask-source.ts';

/** A document, and where it came from. */
export interface TargetBytes {
  url: URL;
  bytes: Buffer;
}

/**
 * Asks for the copy in gzip, where the metadata says that there is one, then for the copy as it is, then for the plain name. Throws
 * METADATA_MISMATCH when that is not the document that is signed, RESPONSE_TOO_LARGE when it is longer, and network and status codes.
 */
export async function requestTarget(deps: NetworkDeps, config: Config, kind: SourceFile, target: TrustedTarget): Promise<TargetBytes> {
  const file = { ...kind, maxBytes: Math.min(kind.maxBytes, target.length) };
  const gzipped = target.isGzipped ? await gzippedTarget(deps, config, file, target.sha256) : null;
  return gzipped ?? (await plainTarget(deps, config, file, target.sha256));
}

/** With these, a copy in gzip is of no use, and the plain one is asked for. */
const OF_NO_USE: ReadonlySet<ErrorCode> = new Set(['NOT_FOUND', 'CAPTIVE_PORTAL', 'HTTP_PROTOCOL', 'RESPONSE_TOO_LARGE', 'METADATA_MISMATCH']);

/** The copy in gzip; null where it is missing, damaged, or the gzip of something else. Its size counts after decoding. */
async function gzippedTarget(deps: NetworkDeps, config: Config, file: SourceFile, sha256: string): Promise<TargetBytes | null> {
  try {
    return signedTarget(file, sha256, await askSource(deps, config, { ...file, path: gzipCopyPath(file.path, sha256), isGzip: true }, null));
  } catch (error) {
    if (!(error instanceof UpdateError) || !OF_NO_USE.has(error.code)) throw error;
    deps.log.warning(`${error.message}; asking for the uncompressed one`);
    return null;
  }
}

/** The copy under the digest, or what has the plain name. */
async function plainTarget(deps: NetworkDeps, config: Config, file: SourceFile, sha256: string): Promise<TargetBytes> {
  try {
    return signedTarget(file, sha256, await askSource(deps, config, { ...file, path: targetCopyPath(file.path, sha256) }, null));
  } catch (error) {
    if (!(error instanceof UpdateError) || error.code !== 'NOT_FOUND') throw error;
    return signedTarget(file, sha256, await askSource(deps, config, file, null));
  }
}

function signedTarget({ what }: SourceFile, sha256: string, { located: { url }, answer }: Answered): TargetBytes {
  const bytes = answer.is === 'new' ? answer.bytes : Buffer.alloc(0);
  const found = sha256Of(bytes);
  if (found !== sha256) throw otherDocument(mismatch(`sha256 of ${what} at '${shownPlace(url)}'`, sha256, found));
  return { url, bytes };
}

/** METADATA_MISMATCH: what came, or what is cached, is not the document that is signed. */
export function otherDocument(message: string): UpdateError {
  return new UpdateError('METADATA_MISMATCH', message, {
    hint: 'the source may be in the middle of a change: try again later; if it stays, report this to the publisher of the releases; nothing was changed',
  });
}
