/**
 * What is staged, verified by root itself: offline, from bytes of the user of the network steps that are worth nothing until the chain
 * of signatures leads to them, and from what root has verified before.
 */
import type { Config } from '../../core/device/config.ts';
import type { Staged } from '../../core/device/state.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { UpdateError } from '../../core/errors.ts';
import type { Branch } from '../../core/release/branches.ts';
import { BRANCHES_MAX_BYTES, STABLE, parseBranches } from '../../core/release/branches.ts';
import { decideBranch } from '../../core/offer/branch-choice.ts';
import { MANIFEST_MAX_BYTES, parseManifest } from '../../core/release/manifest.ts';
import { RELEASE_LIST_MAX_BYTES, parseReleaseList } from '../../core/release/release-list.ts';
import { BRANCHES_NAME, manifestName, releasesName } from '../../core/release/site-layout.ts';
import { compareVersions } from '../../core/release/version.ts';
import { sha256Of } from '../../core/digest.ts';
import type { SignedBy } from '../../core/trust/trust-state.ts';
import { describeSigned } from '../../core/trust/signed-words.ts';
import type { MetadataClient, MetadataSource, TrustedTarget } from '../../io/trust/metadata-types.ts';
import { readUntrusted, untrustedBytes } from '../../transaction/files/untrusted-files.ts';
import { readInstalled } from '../../transaction/change/installed.ts';
import type { ApplyDeps } from '../deps.ts';
import { otherDocument } from '../source/signed-target.ts';
import { branchAsKnown } from '../source/branch-list-request.ts';
import type { WeighedRelease } from '../source/situation.ts';
import { readStagedManifest } from '../staging/staging.ts';
import { refreshTrusted } from './open-trusted.ts';
import { raiseFloor } from './trust-floor.ts';
import { noteTrustProblem } from './trust-notes.ts';
import { trustedRoot } from './trusted-root.ts';

export interface VerifiedRelease extends WeighedRelease {
  /** The branch that the owner's choice leads to, by the list that is signed. */
  branch: string;
}

/**
 * The manifest of what is staged. Where a root is trusted: only when it is the one that is signed for its branch now, or one on the way
 * to that; what was verified is stored before this returns, and nothing older counts from then on. Throws STAGED_INVALID,
 * MANIFEST_INVALID; TRUST_*, SIGNATURE_*, METADATA_* and CLOCK_WRONG, and the state says so.
 */
export async function verifyStaged(deps: ApplyDeps, config: Config, staged: Staged): Promise<VerifiedRelease> {
  try {
    const initialRoot = trustedRoot(deps);
    const { branch: selected } = deps.files.readSettings();
    if (initialRoot === null) {
      return { manifest: readStagedManifest(deps, staged), signed: null, branch: branchAsKnown(deps, config, selected) };
    }
    const folder = { dir: deps.paths.trusted, mode: 0o600, dirMode: 0o700 };
    const client = await refreshTrusted(deps, { initialRoot, folder, source: cachedMetadata(deps) }).catch((error: unknown) => {
      throw withCacheHint(error);
    });
    raiseFloor(deps, client);
    const signed = await signersOfStaged(deps, client, staged);
    // Only now: what no key has signed, root does not read.
    const manifest = readStagedManifest(deps, staged);
    deps.log.info(describeSigned(manifest.version, signed));
    return { manifest, signed, branch: await signedBranch(deps, client, selected) };
  } catch (error) {
    noteTrustProblem(deps, error);
    throw error;
  }
}

const ASK_AGAIN = '`pikit-update check` asks the source again, and says what is wrong if it is the source; nothing was changed';

/** For these, the hint of a check would blame the source: here it may be the cache alone. */
const OF_CACHE: ReadonlySet<ErrorCode> = new Set(['METADATA_INVALID', 'METADATA_MISMATCH', 'METADATA_ROLLBACK', 'SIGNATURE_INVALID']);

function withCacheHint(error: unknown): unknown {
  if (!(error instanceof UpdateError) || !OF_CACHE.has(error.code)) return error;
  return new UpdateError(error.code, error.message, { hint: ASK_AGAIN, cause: error });
}

/** The cache has each kind of metadata under its plain name, and every root. */
function cachedMetadata({ paths }: ApplyDeps): MetadataSource {
  return {
    get: (name, maxBytes) => {
      const file = name.endsWith('.root.json') ? name : name.replace(/^\d+\./, '');
      const read = readUntrusted(paths.cacheDir, `trust/${file}`, maxBytes);
      if (read.is === 'there') return Promise.resolve(read.bytes);
      if (read.is === 'absent' && file.endsWith('root.json')) return Promise.resolve(null);
      return Promise.reject(
        read.is === 'odd'
          ? new UpdateError('METADATA_INVALID', `'${paths.trustCache}/${file}' ${read.why}`, { hint: ASK_AGAIN })
          : new UpdateError('SIGNATURE_MISSING', `'${paths.trustCache}/${file}' is not there: the last check has stored no signatures`, {
              hint: ASK_AGAIN,
            }),
      );
    },
  };
}

async function signersOfStaged(deps: ApplyDeps, client: MetadataClient, { branch, version, manifest_sha256: sha256 }: Staged): Promise<SignedBy> {
  const path = manifestName(branch);
  const newest = await client.target(path);
  if (newest?.sha256 === sha256) return newest.signedBy;
  const refused = new UpdateError('SIGNATURE_MISSING', `${version} is downloaded, and is not what is signed for the branch '${branch}' now`, {
    hint: '`pikit-update fetch` downloads what is; nothing was changed',
  });
  const list = await client.target(releasesName(branch));
  const installed = deps.files.readVersion() ?? readInstalled(deps.place)?.version ?? null;
  if (newest === null || list === null || installed === null) throw refused;
  const [listBytes, newestBytes] = [cachedTarget(deps, list, RELEASE_LIST_MAX_BYTES), cachedTarget(deps, newest, MANIFEST_MAX_BYTES)];
  if (listBytes === null || newestBytes === null) throw refused;
  const listed = parseReleaseList(listBytes, 'the list of releases', branch);
  const last = parseManifest(newestBytes, 'the manifest').version;
  const isListed = listed.some((one) => one.version === version && one.manifest.sha256 === sha256);
  if (!isListed || compareVersions(version, installed) <= 0 || compareVersions(last, version) <= 0) throw refused;
  return list.signedBy;
}

async function signedBranch(deps: ApplyDeps, client: MetadataClient, selected: string): Promise<string> {
  if (selected === STABLE) return STABLE;
  const target = await client.target(BRANCHES_NAME);
  const bytes = target === null ? null : cachedTarget(deps, target, BRANCHES_MAX_BYTES);
  if (target !== null && bytes === null) throw otherDocument(`'${deps.paths.cacheDir}/source/${target.path}' is not the document that is signed`);
  const list: Branch[] | null = bytes === null ? null : parseBranches(bytes, 'the list of branches');
  return decideBranch({ selected, list, answer: 'not-asked' }).used ?? STABLE;
}

/** The bytes that are signed, or null where the cache does not have them. */
function cachedTarget({ paths }: ApplyDeps, { path, length, sha256 }: TrustedTarget, maxBytes: number): Buffer | null {
  const bytes = untrustedBytes(paths.cacheDir, `source/${path}`, Math.min(length, maxBytes));
  return bytes !== null && sha256Of(bytes) === sha256 ? bytes : null;
}
