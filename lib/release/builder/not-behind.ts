import { UpdateError } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { parseManifest } from '../../core/release/manifest.ts';
import { manifestName } from '../../core/release/site-layout.ts';
import { wayOut } from '../publish/published-list.ts';
import type { Withdrawal } from '../site/withdrawn.ts';
import { assertSameContent } from '../site/withdrawn.ts';

/**
 * Refuses to publish a manifest over a later one: the site is an old copy then, or was begun anew. Releases are counted, so what
 * decides is their number, not their version; a manifest with the same number and other bytes was made apart. What devices cannot
 * read either stops nothing. Throws VERSION_NOT_NEWER, RELEASE_CHANGED for the same version with another bundle,
 * RELEASE_INCOMPATIBLE for one of a later schema.
 */
export function assertNotBehind(name: string, ours: Buffer, theirs: Buffer | null, to: string): void {
  const there = theirs === null ? null : readable(theirs, `'${name}' at '${to}'`);
  const mine = parseManifest(ours, `'${name}'`);
  if (there?.version === mine.version && there.bundle?.sha256 !== undefined && there.bundle.sha256 !== mine.bundle?.sha256) {
    throw new UpdateError('RELEASE_CHANGED', `'${to}' has ${mine.version} already, with other content`, {
      hint: `devices may have ${mine.version} already: build the release again under a new version`,
    });
  }
  if (theirs === null || there?.sequence === undefined || mine.sequence === undefined) return;
  if (there.sequence < mine.sequence || ours.equals(theirs)) return;
  const branch = there.branch ?? mine.branch ?? name;
  const why = there.sequence === mine.sequence ? 'both were made independently' : 'what is there is newer';
  throw new UpdateError(
    'VERSION_NOT_NEWER',
    `'${to}' has ${there.version} on the branch '${branch}' (sequence ${String(there.sequence)}), this site has ${mine.version} (sequence ${String(mine.sequence)}): ${why}`,
    { hint: wayOut(to) },
  );
}

/**
 * Refuses to publish what was withdrawn where it is going: an old copy of the site does not know that. `withdrawn` is what is
 * remembered there. Throws VERSION_NOT_NEWER, and RELEASE_CHANGED for other content under a withdrawn version.
 */
export function assertNotWithdrawn(name: string, ours: Buffer, withdrawn: readonly Withdrawal[], to: string): void {
  const { version, sequence, bundle } = parseManifest(ours, `'${name}'`);
  assertSameContent(bundle?.sha256 === undefined ? [] : withdrawn, version, bundle?.sha256 ?? '');
  const later = withdrawn.find((entry) => manifestName(entry.branch) === name && sequence !== undefined && entry.sequence > sequence);
  if (later === undefined) return;
  throw new UpdateError(
    'VERSION_NOT_NEWER',
    `at '${to}', ${later.version} was withdrawn from the branch '${later.branch}' (sequence ${String(later.sequence)}) after this site had got ${version} (sequence ${String(sequence)})`,
    { hint: wayOut(to) },
  );
}

function readable(bytes: Buffer, what: string): Manifest | null {
  try {
    return parseManifest(bytes, what);
  } catch (error) {
    if (error instanceof UpdateError && (error.code === 'MANIFEST_INVALID' || error.code === 'PATH_REFUSED')) return null;
    throw error;
  }
}
