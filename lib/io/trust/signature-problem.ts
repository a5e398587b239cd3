/** Why signatures do not suffice, by name. */
import { Metadata, MetadataKind } from '@tufjs/models';
import type { JSONObject } from '@tufjs/models/dist/utils/index.js';
import type { Root } from '@tufjs/models';
import type { UpdateError } from '../../core/errors.ts';
import { quotable } from '../../core/release/release-path.ts';
import type { MetadataKind as Kind } from '../../core/trust/metadata-shape.ts';
import { metadataError } from './metadata-errors.ts';
import type { AnyMetadata, Delegator, SigningRole } from './signers.ts';
import { countedKeys, fingerprintOf, keyName, signingRole } from './signers.ts';

/**
 * SIGNATURE_INVALID for metadata that tuf-js refused and too few keys have signed, with who has not; for a root also when its own
 * keys have not. METADATA_INVALID for any other reason.
 */
export function signatureProblem(
  bytes: Buffer,
  { name, kind, role }: { name: string; kind: Kind; role: string },
  delegator: Delegator | undefined,
  cause: unknown,
): UpdateError {
  const metadata = parsed(bytes, kind);
  if (metadata === null) return metadataError('METADATA_INVALID', `'${name}' is invalid: ${reasonOf(cause)}`, cause);
  const known = delegator === undefined ? null : signingRole(delegator, role);
  if (known === null)
    return metadataError('SIGNATURE_INVALID', `'${name}' is of the role '${quotable(role)}', which no trusted role delegates to`, cause);
  const what = `'${name}' (role ${quotable(role)}, version ${String(metadata.signed.version)})`;
  const sides: [string, SigningRole | null][] = [[kind === 'root' ? 'of the keys of the root before' : 'of the keys', known]];
  if (isRoot(metadata)) sides.push(['of its own keys', signingRole(metadata, role)]);
  for (const [which, side] of sides) {
    if (side === null) continue;
    const counted = countedKeys(side, metadata);
    if (counted.length >= side.threshold) continue;
    const missing = side.keys.filter((key) => !counted.includes(key)).map((key) => `'${keyName(key) ?? fingerprintOf(key)}'`);
    const others = Object.keys(metadata.signatures).filter((id) => side.keys.every((key) => key.keyID !== id)).length;
    const message =
      `${what} is signed by ${String(counted.length)} ${which} that may sign it, and ${String(side.threshold)} ${side.threshold === 1 ? 'is' : 'are'} needed` +
      (missing.length === 0 ? '' : `; no valid signature of ${missing.slice(0, 5).join(', ')}`) +
      (others === 0 ? '' : `; ${String(others)} of a key that may not sign it`);
    return metadataError('SIGNATURE_INVALID', message, cause);
  }
  return metadataError('METADATA_INVALID', `${what} is refused: ${reasonOf(cause)}`, cause);
}

function isRoot(metadata: AnyMetadata): metadata is Metadata<Root> {
  return metadata.signed.type === MetadataKind.Root;
}

function reasonOf(cause: unknown): string {
  return quotable(cause instanceof Error ? cause.message : String(cause));
}

/** What was refused, read once more by its kind; null when it cannot be. */
function parsed(bytes: Buffer, kind: Kind): AnyMetadata | null {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (!isObject(value)) return null;
    switch (kind) {
      case 'root':
        return Metadata.fromJSON(MetadataKind.Root, value);
      case 'timestamp':
        return Metadata.fromJSON(MetadataKind.Timestamp, value);
      case 'snapshot':
        return Metadata.fromJSON(MetadataKind.Snapshot, value);
      case 'targets':
        return Metadata.fromJSON(MetadataKind.Targets, value);
    }
  } catch {
    // Safe to ignore: tuf-js has said already what is wrong.
    return null;
  }
}

function isObject(value: unknown): value is JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
