/** Trusting a root from now on: the one file that decides whose releases root installs. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { UpdateError } from '../core/errors.ts';
import type { RootDocument } from '../io/trust/root-document.ts';
import { readRootDocument } from '../io/trust/root-document.ts';
import { mkdirDurable } from '../transaction/files/directories.ts';
import { lstatOrNull, writeDurable } from '../transaction/files/durable.ts';
import { plainBytes } from '../transaction/files/plain-file.ts';
import { othersWhoMayChange } from '../transaction/plan/unsafe-dirs.ts';
import type { ReaderDeps } from './deps.ts';
import { whileNoStepRuns } from './step-lock.ts';
import { RESET_HINT, trustedRootBytes } from './trust-place.ts';
import { METADATA_MAX_BYTES } from '../core/trust/metadata-layout.ts';

/** The network steps read them, as a user of their own. */
const [FOLDER_MODE, FILE_MODE] = [0o755, 0o644];

/** `same`: it was trusted already. `next`: it takes the place of `before`, which has signed it. `first`: none was trusted. */
export type TrustChange = { is: 'first' } | { is: 'same' } | { is: 'next'; before: number };

/**
 * What trusting this root would change. Throws METADATA_EXPIRED for one that has expired; where another root is trusted,
 * METADATA_ROLLBACK for one that is no newer, SIGNATURE_INVALID for one that the trusted keys have not signed, and TRUST_INVALID where
 * what is trusted cannot be read.
 */
export function trustChange({ paths, now }: Pick<ReaderDeps, 'paths' | 'now'>, next: RootDocument): TrustChange {
  const bytes = trustedRootBytes(paths);
  if (bytes?.equals(next.bytes) === true) return { is: 'same' };
  if (next.expires <= now()) {
    throw new UpdateError(
      'METADATA_EXPIRED',
      `root ${String(next.version)} was valid until ${next.expires.toISOString()}, and it is ${now().toISOString()} now`,
      {
        hint: 'get the newest root.json from the maker of the releases; if the date of this device is wrong, set it (timedatectl)',
      },
    );
  }
  if (bytes === null) return { is: 'first' };
  const trusted = readTrusted(bytes, paths.trustRoot);
  const known = [trusted, ...verifiedSince(paths, trusted)];
  const other = known.find(({ version }) => version === next.version);
  if (next.version < trusted.version || (other !== undefined && !other.bytes.equals(next.bytes))) {
    const why = other === undefined ? `this one is root ${String(next.version)}` : `its root ${String(next.version)} is another one`;
    throw new UpdateError('METADATA_ROLLBACK', `this device trusts root ${String(known.at(-1)?.version)} already, and ${why}`, {
      hint: 'nothing was changed; to trust this one all the same: `sudo pikit-update trust reset`, and then this again',
    });
  }
  if (known.some((root) => root.vouchesFor(next))) return { is: 'next', before: trusted.version };
  throw new UpdateError(
    'SIGNATURE_INVALID',
    `root ${String(next.version)} is not signed by the keys of root ${String(trusted.version)}, which this device trusts`,
    {
      hint: 'nothing was changed; ask the maker of the releases whether all keys were lost, and only then: `sudo pikit-update trust reset`, and trust it again',
    },
  );
}

/**
 * Writes the root, durably, while no step runs; what others have trusted meanwhile is weighed again. On failure what was trusted
 * before still is. Throws as trustChange and whileNoStepRuns do, and DEST_TYPE or DEST_UNSAFE for a folder that is not root's alone.
 */
export async function setTrustedRoot(deps: ReaderDeps, next: RootDocument, tell: (text: string) => void): Promise<TrustChange> {
  return await whileNoStepRuns(deps, tell, () => {
    const change = trustChange(deps, next);
    if (change.is !== 'same') write(deps, next.bytes);
    return change;
  });
}

function write({ paths, place }: ReaderDeps, bytes: Buffer): void {
  const dir = dirname(paths.trustRoot);
  // Whatever the umask says.
  if (mkdirDurable(dir, FOLDER_MODE).includes(dir)) fs.chmodSync(dir, FOLDER_MODE);
  const stat = lstatOrNull(dir);
  if (stat?.isDirectory() !== true) {
    throw new UpdateError('DEST_TYPE', `'${dir}' is not a directory, or a symbolic link`, {
      hint: `remove it: \`pikit-update trust\` makes the folder`,
    });
  }
  const others = othersWhoMayChange(stat, place.owner);
  if (others !== null) {
    throw new UpdateError('DEST_UNSAFE', `'${dir}' ${others}: that user could choose whom this device trusts`, {
      hint: `as root: chown root ${dir} && chmod 755 ${dir}`,
    });
  }
  writeDurable(paths.trustRoot, bytes, { mode: FILE_MODE });
}

/** As readRootDocument, of what is trusted already: what is wrong with it is TRUST_INVALID. */
export function readTrusted(bytes: Buffer, path: string): RootDocument {
  try {
    return readRootDocument(bytes, path);
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error;
    throw new UpdateError('TRUST_INVALID', error.message, { hint: RESET_HINT, cause: error });
  }
}

/** The newest root that root has verified: its keys may have signed the next one where those of the first have gone. */
function verifiedSince({ trusted }: ReaderDeps['paths'], first: RootDocument): RootDocument[] {
  const roots: RootDocument[] = [first];
  for (let last = first; ;) {
    const bytes = plainBytes(`${trusted}/${String(last.version + 1)}.root.json`, METADATA_MAX_BYTES.root);
    if (bytes === null) return roots.slice(1);
    try {
      const next = readRootDocument(bytes, `${String(last.version + 1)}.root.json`);
      if (!last.vouchesFor(next) || next.version !== last.version + 1) return roots.slice(1);
      roots.push(next);
      last = next;
    } catch (error) {
      // Safe to ignore: a damaged one vouches for nothing.
      if (error instanceof UpdateError) return roots.slice(1);
      throw error;
    }
  }
}
