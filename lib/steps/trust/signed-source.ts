/** What the source has signed, for the network steps. Root verifies it all again by itself: nothing of it decides about root. */
import type { Config } from '../../core/device/config.ts';
import { UpdateError } from '../../core/errors.ts';
import { metadataPath } from '../../core/trust/metadata-layout.ts';
import type { TrustState } from '../../core/trust/trust-state.ts';
import type { MetadataSource } from '../../io/trust/metadata-types.ts';
import type { NetworkDeps } from '../deps.ts';
import type { SignedTargets } from '../source/cached-document.ts';
import { askSource } from '../source/ask-source.ts';
import { withSourceHint } from '../source/with-hint.ts';
import { refreshTrusted } from './open-trusted.ts';
import { goodTrust } from './trust-notes.ts';
import { trustedRoot } from './trusted-root.ts';

export interface SignedSource {
  documents: SignedTargets;
  trust: TrustState;
}

/**
 * Null where releases are not signed. Else the next root and the timestamp are asked for, past every cache; with nothing new that is
 * all. Throws what refreshTrusted throws: without valid metadata there is no answer, and no falling back to releases without signatures.
 */
export async function refreshSigned(deps: NetworkDeps, config: Config, branch: string): Promise<SignedSource | null> {
  const initialRoot = trustedRoot(deps);
  if (initialRoot === null) return null;
  const folder = { dir: deps.paths.trustCache, mode: 0o644, dirMode: 0o755 };
  let absent: UpdateError | null = null;
  const source = metadataSource(deps, config, branch, (error) => (absent = error));
  try {
    const client = await refreshTrusted(deps, { initialRoot, folder, source });
    return { documents: client, trust: goodTrust(deps, client) };
  } catch (error) {
    throw config.source.type === 'gitea' ? withHintOf(absent, error) : error;
  }
}

/** What looks like a source that signs nothing may be a repository that is private: the answer of the server says what to do then. */
function withHintOf(absent: UpdateError | null, error: unknown): unknown {
  if (!(error instanceof UpdateError) || error.code !== 'SIGNATURE_MISSING' || (absent?.hint ?? null) === null) return error;
  return new UpdateError(error.code, error.message, { hint: [error.hint, absent?.hint].join('; '), cause: absent });
}

function metadataSource(deps: NetworkDeps, config: Config, branch: string, onAbsent: (error: UpdateError) => void): MetadataSource {
  return {
    get: async (name, maxBytes) => {
      const file = { path: metadataPath(name), branch, what: `the signed metadata '${name}'`, maxBytes, retries: 2 };
      try {
        const { answer } = await askSource(deps, config, file, null);
        return answer.is === 'new' ? answer.bytes : null;
      } catch (error) {
        if (error instanceof UpdateError && isNotThere(name, error)) {
          onAbsent(error);
          return null;
        }
        throw withSourceHint(error);
      }
    },
  };
}

/**
 * Some servers answer with a page where they have no file. For the next root, which is seldom there, that is no reason to stop: the
 * login page of a network answers in the place of the timestamp as well, and is told then.
 */
function isNotThere(name: string, { code }: UpdateError): boolean {
  return code === 'NOT_FOUND' || (code === 'CAPTIVE_PORTAL' && name.endsWith('.root.json'));
}
