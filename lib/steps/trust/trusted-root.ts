/** Whether releases have to be signed here, which is for the owner alone to say: by the root that `pikit-update trust` has put there. */
import fs from 'node:fs';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import { METADATA_MAX_BYTES } from '../../core/trust/metadata-layout.ts';
import type { PlainRead } from '../../transaction/files/plain-file.ts';
import { readPlain } from '../../transaction/files/plain-file.ts';
import type { StepDeps } from '../deps.ts';

type Deps = Pick<StepDeps, 'paths' | 'files'>;

const GONE = '`sudo pikit-update trust FILE` puts it back, if you have its file; `sudo pikit-update trust reset` goes on without signatures';
const ODD = '`sudo pikit-update trust reset` removes it; then trust the root of your releases again: `sudo pikit-update trust FILE`';

/**
 * The root that the owner trusts, or null where releases are not signed. Throws TRUST_INVALID when it cannot be read, and when it is
 * gone although it was there: nothing but the owner's own `pikit-update trust reset` leads back to releases that are not signed.
 */
export function trustedRoot(deps: Deps): Buffer | null {
  const path = deps.paths.trustRoot;
  const read = readRoot(path);
  if (read.is === 'there') return read.bytes;
  if (read.is === 'odd') throw trustInvalid(`'${path}' ${read.why}`, ODD);
  if (wasTrusted(deps)) throw trustInvalid(`'${path}' is gone, and this device has trusted signed releases only`, GONE);
  return null;
}

function readRoot(path: string): PlainRead {
  try {
    return readPlain(path, { maxBytes: METADATA_MAX_BYTES.root });
  } catch (error) {
    throw trustInvalid(`'${path}' cannot be read (${errnoOf(error) ?? 'unknown'})`, ODD, error);
  }
}

/** Root sees what it has verified itself; others, that it has let them know. */
function wasTrusted({ paths, files }: Deps): boolean {
  if ((files.readPublished()?.trust ?? null) !== null) return true;
  try {
    return fs.readdirSync(paths.trusted).length > 0;
  } catch {
    // Safe to ignore: where it is closed to this user, what root has published counts.
    return false;
  }
}

function trustInvalid(what: string, hint: string, cause?: unknown): UpdateError {
  return new UpdateError('TRUST_INVALID', `${what}: no release can be verified`, { hint: `${hint}; nothing was changed`, cause });
}
