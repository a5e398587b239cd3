/** Where the trusted root of a device is, who may change it, and what is there. */
import { dirname } from 'node:path';
import { UpdateError } from '../core/errors.ts';
import { METADATA_MAX_BYTES } from '../core/trust/metadata-layout.ts';
import { ownerOf } from '../io/state/real-directory.ts';
import { readPlain } from '../transaction/files/plain-file.ts';
import type { ReaderDeps } from './deps.ts';

type Paths = ReaderDeps['paths'];

/** Throws PERMISSION for others than root; in a folder, for others than its owner. `command` is what to type instead. */
export function assertMayTrust(paths: Paths, command: string): void {
  const uid = process.geteuid?.() ?? 0;
  const owner = paths.root === '/' ? 0 : (ownerOf(dirname(paths.config))?.uid ?? uid);
  if (uid === 0 || uid === owner) return;
  throw new UpdateError('PERMISSION', 'only root can change which root this device trusts', { hint: `sudo pikit-update trust ${command}` });
}

/** The bytes of the trusted root; null where none is trusted. Throws TRUST_INVALID where something else is in its place. */
export function trustedRootBytes(paths: Paths): Buffer | null {
  const read = readPlain(paths.trustRoot, { maxBytes: METADATA_MAX_BYTES.root });
  if (read.is === 'absent') return null;
  if (read.is === 'there') return read.bytes;
  throw new UpdateError('TRUST_INVALID', `'${paths.trustRoot}' ${read.why}`, { hint: RESET_HINT });
}

/** The way out where what is trusted cannot be used. */
export const RESET_HINT = '`sudo pikit-update trust reset` removes it; then trust the root of your releases again: `pikit-update trust FILE`';
